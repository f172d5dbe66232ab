//! Running other programs: nothing to read from, everything shown, lines watched where somebody wants to count.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result, bail};

/// A program with its words.
pub(crate) struct Tool {
    shown: String,
    command: Command,
}

impl Tool {
    /// `words` are separated by blanks.
    pub(crate) fn new(program: &str, words: &str) -> Self {
        let mut command = Command::new(program);
        command.args(words.split_whitespace()).stdin(Stdio::null());
        let name = program.rsplit('/').next().unwrap_or(program);
        Self {
            shown: format!("{name} {words}"),
            command,
        }
    }

    /// Adds one word, which may have blanks.
    pub(crate) fn arg(mut self, word: &str) -> Self {
        self.command.arg(word);
        self.shown.push(' ');
        self.shown.push_str(word);
        self
    }

    /// Sets the folder it runs in.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Whether it is there and ends well. Shows nothing.
    pub(crate) fn succeeds(mut self) -> bool {
        let status = self
            .command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }

    /// Runs it to its end, showing all it prints.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {}", self.shown);
        let status = self.command.status().with_context(|| self.shown.clone())?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.shown);
        }
        Ok(())
    }

    /// As [`Tool::run`], handing each line of either stream to `watch` too.
    pub(crate) fn run_and_watch(mut self, watch: &mut dyn FnMut(&str)) -> Result<()> {
        println!("$ {}", self.shown);
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| self.shown.clone())?;
        let (sender, lines) = mpsc::channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || forward(stream, &sender));
        }
        drop(sender);
        for line in lines {
            println!("{line}");
            watch(&line);
        }
        let status = child.wait().with_context(|| self.shown.clone())?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.shown);
        }
        Ok(())
    }
}

/// A path as a word of a command.
pub(crate) fn shown(path: &Path) -> Result<String> {
    let text = path
        .to_str()
        .with_context(|| format!("{} is no text, as paths of tools must be", path.display()))?;
    Ok(text.to_owned())
}

fn forward(stream: Box<dyn Read + Send>, sender: &mpsc::Sender<String>) {
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line).into_owned();
        if sender.send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tool;

    #[test]
    fn lines_of_both_streams_are_watched_and_failure_is_an_error_that_names_the_program() {
        let mut lines = Vec::new();
        let tool = Tool::new("rustc", "--no-such-option");
        let error = tool
            .run_and_watch(&mut |line| lines.push(line.to_owned()))
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`rustc --no-such-option` ended with"),
            "{error}"
        );
        assert!(
            lines.iter().any(|line| line.contains("no-such-option")),
            "{lines:?}"
        );
        Tool::new("rustc", "--version")
            .run_and_watch(&mut |_| ())
            .unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_does_not_succeed() {
        assert!(!Tool::new("no-such-program-anywhere", "--version").succeeds());
        assert!(Tool::new("rustc", "--version").succeeds());
    }
}
