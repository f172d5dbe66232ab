//! What a file holds.

use std::sync::Arc;

use usher_connector::{Check, CheckOutcome, KINDS, ProbeReport, SourceError};
use usher_core::model::{DirectoryKind, Kind};

use crate::directory::Directory;
use crate::load::count;
use crate::settings::Settings;

/// The checks, of a file that was read or not.
pub(crate) fn report(
    settings: &Settings,
    loaded: Result<Arc<Directory>, SourceError>,
) -> ProbeReport {
    let mut report = ProbeReport {
        host: settings.path.display().to_string(),
        server: "an LDIF file".to_owned(),
        naming_contexts: Vec::new(),
        looks_like: DirectoryKind::Generic,
        checks: Vec::new(),
    };
    let mut add = |name: &str, outcome, detail: String| {
        report.checks.push(Check {
            name: name.to_owned(),
            outcome,
            detail,
        });
    };
    let directory = match loaded {
        Ok(directory) => directory,
        Err(error) => {
            add("file", CheckOutcome::Failed, error.to_string());
            return report;
        }
    };
    let records = directory.records.len();
    match directory.incomplete.as_slice() {
        [] => add("file", CheckOutcome::Good, format!("{records} entries")),
        reasons => add(
            "file",
            CheckOutcome::Failed,
            format!(
                "{records} entries, and parts that cannot be read, so that nothing counts as absent: {}",
                reasons.join("; ")
            ),
        ),
    }
    let counts = count(settings, &directory);
    for (place, kind) in KINDS.into_iter().enumerate() {
        let name = match kind {
            Kind::User => "people",
            Kind::Group => "groups",
        };
        let class = settings.rules.class(kind);
        let base = &settings.rules.base_dn;
        match counts.get(&place).copied().unwrap_or_default() {
            0 => add(
                name,
                CheckOutcome::Warning,
                format!("none with {class} below {base}: check the object class and the base DN"),
            ),
            found => add(
                name,
                CheckOutcome::Good,
                format!("{found} with {class} below {base}, whatever the filter says"),
            ),
        }
    }
    let locations = KINDS
        .into_iter()
        .filter_map(|kind| settings.rules.location(kind));
    for group in locations.flat_map(|location| &location.groups) {
        match directory.named(&group.dn) {
            Some(_) => add(
                "scope group",
                CheckOutcome::Good,
                format!("{} is there", group.dn),
            ),
            None => add(
                "scope group",
                CheckOutcome::Failed,
                format!(
                    "the file has no entry {}: correct the Group DN, or export the groups too",
                    group.dn
                ),
            ),
        }
    }
    report
}
