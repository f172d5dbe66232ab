//! Processes of this program's other roles: started with a JSON request, answering one JSON line each.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A process that goes on until dropped: it ends when its standard input does.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(role: &str, request: &impl Serialize) -> Result<Self> {
        let program = std::env::current_exe().context("this program's path")?;
        let mut child = Command::new(program)
            .arg(role)
            .arg(serde_json::to_string(request)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("the process for the {role}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the process has no output")?;
        Ok(Self {
            child,
            stdin,
            lines: BufReader::new(stdout),
        })
    }

    /// Its next line.
    pub(crate) fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        if line.is_empty() {
            bail!(
                "the process ended without an answer ({})",
                self.child.wait()?
            );
        }
        serde_json::from_str(&line)
            .with_context(|| format!("expected an answer, found {line:.200}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stdin = None;
        // It ends by itself; were it stuck, waiting would hang the whole run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a role to its end.
pub(crate) fn ask<T: DeserializeOwned>(role: &str, request: &impl Serialize) -> Result<T> {
    let mut running = Running::start(role, request)?;
    let answer = running.answer()?;
    running.stdin = None;
    let status = running.child.wait()?;
    if !status.success() {
        bail!("the process for the {role} ended with {status}");
    }
    Ok(answer)
}
