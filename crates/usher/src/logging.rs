//! The log: to standard error, so that output stays clean. Nothing that is logged holds a secret:
//! secrets are sealed, or of a type that does not print.

use tracing_subscriber::EnvFilter;

use crate::settings::Settings;

/// Crates whose chatter below a warning helps nobody.
const QUIET: &[&str] = &[
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
    "sqlx",
    "h2",
    "mio",
];

/// Starts it.
pub(crate) fn start(settings: &Settings) {
    let mut filter = EnvFilter::new(settings.level.to_string());
    for name in QUIET {
        if let Ok(directive) = format!("{name}=warn").parse() {
            filter = filter.add_directive(directive);
        }
    }
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // Refused only if a log was started before; then that one goes on.
    let _ = if settings.json_log {
        log.json().try_init()
    } else {
        log.try_init()
    };
}
