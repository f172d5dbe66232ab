//! Copies of the state that plans are rehearsed on. A process that was killed leaves its copy behind, and
//! each is as large as the state: whoever begins removes those that have no living owner.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What the folder of a copy begins with.
const PREFIX: &str = "rehearsal-";
/// The file in it that its owner keeps locked; the operating system unlocks it when the process ends,
/// however it ends.
const OWNER: &str = "owner";
/// Locked while folders are made and removed, so that nobody removes one whose owner is about to lock it.
const TURN: &str = "rehearsals.lock";

/// The folder of a copy; gone when dropped.
pub(crate) struct Folder {
    // Before the lock: it is removed while it still has an owner.
    folder: TempDir,
    _owner: File,
}

impl Folder {
    /// Makes a new one in the state folder, after those without a living owner were removed.
    pub(crate) fn make(dir: &Path) -> io::Result<Self> {
        let _turn = turn(dir)?;
        remove_left(dir);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(dir)?;
        let owner = private(&folder.path().join(OWNER))?;
        owner.lock()?;
        Ok(Self {
            folder,
            _owner: owner,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the copies of processes that are no more. What cannot be removed is tried again next time.
pub(crate) fn forget(dir: &Path) {
    if let Ok(_turn) = turn(dir) {
        remove_left(dir);
    }
}

fn remove_left(dir: &Path) {
    for folder in copies(dir) {
        if !has_owner(&folder) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn copies(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let copies = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    copies.map(|entry| entry.path()).collect()
}

fn has_owner(folder: &Path) -> bool {
    match File::open(folder.join(OWNER)) {
        Ok(owner) => owner.try_lock().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn turn(dir: &Path) -> io::Result<File> {
    let turn = private(&dir.join(TURN))?;
    turn.lock()?;
    Ok(turn)
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
