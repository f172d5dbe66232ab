//! Who gets no account by a plan, and why.

use std::collections::HashSet;

use usher_core::model::{SubjectId, Verdict};
use usher_directory::Dn;
use usher_store::{Store, SubjectFilter};

use super::report::NotProvisioned;
use crate::context::OpenChannel;
use crate::error::EngineError;

/// Subjects that are read at once.
const PAGE: u32 = 500;
/// People and groups that are named at most.
const NAMED: usize = 100_000;

/// People and groups of a channel that are not provisioned; `bad` are the entries that its read could not
/// use, as its certificate has them.
pub(super) async fn not_provisioned(
    store: &dyn Store,
    open: &OpenChannel,
    bad: &[String],
) -> Result<Vec<NotProvisioned>, EngineError> {
    let filter = SubjectFilter {
        channel: Some(open.channel.id.clone()),
        verdicts: vec![
            Verdict::Invalid,
            Verdict::Held,
            Verdict::Parked,
            Verdict::SkippedByOption,
            Verdict::Protected,
        ],
        ..SubjectFilter::default()
    };
    let mut all = Vec::new();
    let mut after = SubjectId(0);
    while all.len() < NAMED {
        let subjects = store.list(&filter, after, PAGE).await?;
        let Some(last) = subjects.last().and_then(|subject| subject.id) else {
            break;
        };
        after = last;
        all.extend(subjects.into_iter().map(|subject| NotProvisioned {
            dn: subject.dn,
            kind: Some(subject.kind),
            verdict: subject.verdict,
            reason: subject.reason,
        }));
    }
    add_unusable(&mut all, bad);
    Ok(all)
}

/// Adds the entries that could not be used at all, each once: those with a subject of their own are there
/// already.
fn add_unusable(list: &mut Vec<NotProvisioned>, bad: &[String]) {
    let mut told: HashSet<String> = if bad.is_empty() {
        HashSet::new()
    } else {
        list.iter().map(|one| one.dn.clone()).collect()
    };
    for text in bad {
        let parts = text.match_indices(": ");
        let parts = parts.filter_map(|(at, mark)| {
            let (dn, rest) = text.split_at_checked(at)?;
            Some((dn, rest.strip_prefix(mark)?))
        });
        if parts.clone().any(|(dn, _)| told.contains(dn)) {
            continue;
        }
        // A name may have a colon, too: the DN is the first part that is one and lies below something.
        let (dn, reason) = parts
            .clone()
            .find(|(dn, _)| dn.contains(',') && Dn::parse(dn).is_ok())
            .or_else(|| parts.clone().next())
            .unwrap_or((text.as_str(), ""));
        told.insert(dn.to_owned());
        list.push(NotProvisioned {
            dn: dn.to_owned(),
            kind: None,
            verdict: Verdict::Invalid,
            reason: reason.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use usher_core::model::Kind;

    use super::*;

    #[test]
    fn an_entry_that_cannot_be_used_is_named_once_with_its_reason() {
        let mut list = vec![NotProvisioned {
            dn: "cn=a: b,dc=example".to_owned(),
            kind: Some(Kind::User),
            verdict: Verdict::Invalid,
            reason: "it has no mail".to_owned(),
        }];
        let bad = [
            "cn=a: b,dc=example: no key",
            "cn=c: d,dc=example: two keys: x and y",
            "cn=c: d,dc=example: two keys: x and y",
            "line 7",
        ]
        .map(str::to_owned);
        add_unusable(&mut list, &bad);
        let told: Vec<(&str, &str)> = list
            .iter()
            .map(|one| (one.dn.as_str(), one.reason.as_str()))
            .collect();
        let expected = [
            ("cn=a: b,dc=example", "it has no mail"),
            ("cn=c: d,dc=example", "two keys: x and y"),
            ("line 7", ""),
        ];
        assert_eq!(told, expected);
    }
}
