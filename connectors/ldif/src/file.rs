//! Opening the file.

use std::fs::File;
use std::io::{BufReader, Error, Result as IoResult};
use std::path::Path;

use usher_connector::SourceError;

/// The file, if it is one: a device or a pipe may never end, and waiting for it holds everything.
///
/// # Errors
/// When it is none, or cannot be opened.
pub(crate) fn open(path: &Path) -> Result<BufReader<File>, SourceError> {
    regular(path)
        .map(|file| BufReader::with_capacity(1 << 16, file))
        .map_err(|error| {
            SourceError::Settings(format!(
                "the LDIF file {} cannot be read: {error}. Check the path and who may read it",
                path.display()
            ))
        })
}

fn regular(path: &Path) -> IoResult<File> {
    // Asked before it is opened, since opening a pipe waits for somebody who writes to it.
    let what = std::fs::metadata(path)?.file_type();
    if what.is_file() {
        return File::open(path);
    }
    let found = if what.is_dir() {
        "a directory"
    } else {
        "a device, a pipe or a socket"
    };
    Err(Error::other(format!("expected a file, found {found}")))
}
