//! A progress bar on standard error, if a terminal is there; otherwise nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use usher_engine::Progress;

use super::Ui;

/// What a long operation does at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    Read,
    Listed,
    Sent,
}

/// Shows how far a cycle and its sending are.
pub(crate) struct Bar {
    bar: ProgressBar,
    phase: Mutex<Phase>,
}

impl Bar {
    /// A bar; hidden when there is no terminal.
    pub(crate) fn new(ui: &Ui) -> Arc<Self> {
        let bar = if ui.shows_progress() {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        } else {
            ProgressBar::hidden()
        };
        Arc::new(Self {
            bar,
            phase: Mutex::new(Phase::Start),
        })
    }

    /// Removes it.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn turn(&self, to: Phase, template: &str) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if *phase != to {
            *phase = to;
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("=> "));
            }
        }
    }
}

impl Progress for Bar {
    fn read(&self, entries: u64) {
        self.turn(
            Phase::Read,
            "{spinner} reading the directory: {pos} entries, {elapsed}",
        );
        self.bar.set_position(entries);
    }

    fn listed(&self, resources: u64, total: Option<u64>) {
        self.turn(
            Phase::Listed,
            "{spinner} listing the target: {pos} resources, {elapsed}",
        );
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(resources);
    }

    fn sent(&self, done: u64, total: u64) {
        self.turn(
            Phase::Sent,
            "sending [{bar:40}] {pos}/{len} steps, {elapsed}, {eta} left",
        );
        // In this order a round that is smaller than the last one never looks overfull.
        self.bar.set_position(done);
        self.bar.set_length(total);
    }
}
