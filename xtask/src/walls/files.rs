//! The project's text files.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "bench-data"];

/// A text file of the project.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Relative to the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    /// Lines with their numbers, counted from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }

    /// Whether it is Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    }
}

/// Reads every text file below the root, sorted by path. What is not UTF-8 is no text.
pub(crate) fn read(root: &Path) -> Result<Vec<TextFile>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, entry.path());
            let skipped = SKIPPED.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !skipped {
                folders.push(path);
            } else if kind.is_file() && !skipped {
                let bytes = fs::read(&path).with_context(|| format!("{}", path.display()))?;
                let relative = path
                    .strip_prefix(root)?
                    .to_string_lossy()
                    .replace('\\', "/");
                if let Ok(text) = String::from_utf8(bytes) {
                    files.push(TextFile {
                        path: relative,
                        text,
                    });
                }
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::TextFile;

    /// A file for tests.
    pub(crate) fn file(path: &str, text: &str) -> TextFile {
        TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn this_file_is_read_and_build_output_is_not() {
        let files = super::read(&crate::root().unwrap()).unwrap();
        assert!(
            files
                .iter()
                .any(|file| file.path == "xtask/src/walls/files.rs" && file.is_rust())
        );
        assert!(!files.iter().any(|file| file.path.starts_with("target/")));
    }
}
