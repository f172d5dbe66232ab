//! Naming one person or group, also one that no cycle has read yet.

use usher_connector::{FetchBy, Fetched};
use usher_core::model::SourceKey;
use usher_engine::admin::Admin;

use crate::failure::Failure;

/// The source key of whoever the text names: a known subject, or else an entry that the directory
/// has under this DN or key now.
pub(crate) async fn key_of(
    admin: &Admin,
    channel: Option<&str>,
    text: &str,
) -> Result<SourceKey, Failure> {
    let unknown = match admin.find(channel, text).await {
        Ok((_, subject)) => return Ok(subject.key),
        Err(error) => Failure::from(error),
    };
    let (configuration, id) = admin.select(channel).await?;
    let open = admin.engine.open(&configuration, &id)?;
    let by = if text.contains('=') {
        FetchBy::Dns(vec![text.to_owned()])
    } else {
        FetchBy::Keys(vec![SourceKey::new(text)])
    };
    match open.source.fetch(&by, &open.attributes()).await {
        Ok(mut fetched) => match fetched.pop() {
            Some(Fetched::Present(read)) => Ok(read.entry.key),
            Some(Fetched::Other { what }) => {
                Err(unknown.help(format!("the directory says: {what}")))
            }
            Some(Fetched::Absent | Fetched::Unknown { .. }) | None => Err(unknown
                .help("an entry that was never read can be named by its DN or its source key")),
        },
        Err(error) => {
            Err(unknown.help(format!("the directory could not be asked either: {error}")))
        }
    }
}
