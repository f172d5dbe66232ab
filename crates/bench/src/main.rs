//! Measures the engine against limits: `cargo xtask bench`.
//!
//! Every number is a ratio or a count taken within one run, so that it means the same on a slow machine. The
//! engine, the target and the load generator are processes of their own: what one costs does not hide in another.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod child;
mod clients;
mod company;
mod control;
mod engine;
mod facts;
mod generated;
mod history;
mod load;
mod measure;
mod options;
mod report;
mod sandbox;
mod service;
mod target;
mod world;

use std::process::ExitCode;

use anyhow::{Context as _, Result};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every limit holds.
fn run() -> Result<bool> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    // One provider per process; a second attempt is refused and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match words.as_slice() {
        ["engine", request] => runtime.block_on(engine::command(request)).map(|()| true),
        ["sandbox", request] => runtime.block_on(sandbox::command(request)).map(|()| true),
        ["service", request] => runtime.block_on(service::command(request)).map(|()| true),
        ["load", request] => runtime.block_on(load::command(request)).map(|()| true),
        words => {
            let options = options::Options::parse(words)?;
            runtime.block_on(measure::all(&options))
        }
    }
}
