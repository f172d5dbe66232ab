//! Reading a file without trusting its size: neither a device nor a wrong file fills the memory.

use std::io::Read;
use std::path::Path;

/// Bytes of the largest file that is read.
pub(super) const MOST: u64 = 16 * 1024 * 1024;

/// The text of a file, or what is wrong with it.
pub(super) fn file(path: &Path) -> Result<String, String> {
    match std::fs::File::open(path) {
        Ok(file) => text(file),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// The text that a reader gives, or what is wrong with it.
pub(super) fn text(from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    // The size that a file system names is not asked: a pipe or a device has none.
    from.take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MOST {
        return Err(format!(
            "is larger than {} MiB, the most that is read",
            MOST / 1024 / 1024
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("cannot be read: expected UTF-8, found another byte at position {at}")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{MOST, text};

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let most = text(std::io::repeat(b' ').take(MOST)).unwrap();
        assert_eq!(most.len() as u64, MOST);
        let more = text(std::io::repeat(b' ').take(MOST + 1)).unwrap_err();
        assert!(more.contains("16 MiB"), "{more}");
        assert!(text(std::io::repeat(b' ')).is_err(), "an endless one ends");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        let wrong = text(&b"ab\xff"[..]).unwrap_err();
        assert!(wrong.contains("position 2"), "{wrong}");
    }
}
