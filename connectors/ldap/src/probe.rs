//! What a directory is and supports.

use usher_connector::{ProbeReport, SourceError};

use crate::session::Session;
use crate::settings::Settings;

/// Finds out what the server is.
pub(crate) async fn probe(settings: &Settings) -> Result<ProbeReport, SourceError> {
    let session = Session::open(settings).await?;
    let report = ProbeReport {
        host: session.facts.host.clone(),
        naming_contexts: session.facts.root.naming_contexts.clone(),
        ..ProbeReport::default()
    };
    session.close().await;
    Ok(report)
}
