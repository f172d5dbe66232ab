//! Correlation: which existing resource corresponds to an entry (behaviour §10).

use std::collections::BTreeMap;

use super::{Candidate, FoundBy};

/// What the candidates amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Nothing corresponds.
    Nothing,
    /// One resource that nobody is linked to.
    One(Candidate),
    /// One resource, owned by another channel (its name).
    Elsewhere(Candidate, String),
    /// A resource that is linked to another subject already.
    Linked(Vec<Candidate>),
    /// Several resources.
    Several(Vec<Candidate>),
}

/// Judges the candidates. `externalId` and name count together, so that a key found on one account
/// and a name found on another is ambiguous; an e-mail hit is a proposal that counts only when
/// nothing else was found.
pub(super) fn correlate(candidates: &[Candidate]) -> Match {
    let mut best: BTreeMap<&str, &Candidate> = BTreeMap::new();
    for candidate in candidates {
        best.entry(candidate.observed.target_id.as_str())
            .and_modify(|known| {
                if candidate.found_by < known.found_by {
                    *known = candidate;
                }
            })
            .or_insert(candidate);
    }
    let strong: Vec<&Candidate> = best
        .values()
        .copied()
        .filter(|candidate| candidate.found_by != FoundBy::Email)
        .collect();
    let hits: Vec<&Candidate> = if strong.is_empty() {
        best.into_values().collect()
    } else {
        strong
    };
    let owned = |hits: &[&Candidate]| hits.iter().map(|hit| (*hit).clone()).collect();
    match hits.as_slice() {
        [] => Match::Nothing,
        [one] => match (&one.linked_to, &one.owned_by) {
            (Some(_), _) => Match::Linked(owned(&hits)),
            (None, Some(channel)) => Match::Elsewhere((*one).clone(), channel.clone()),
            (None, None) => Match::One((*one).clone()),
        },
        several => {
            let free: Vec<&Candidate> = several
                .iter()
                .copied()
                .filter(|hit| hit.linked_to.is_none() && hit.owned_by.is_none())
                .collect();
            if free.is_empty() {
                Match::Linked(owned(several))
            } else {
                Match::Several(owned(&free))
            }
        }
    }
}

/// The candidates in words, for the person who decides.
pub(super) fn in_words(candidates: &[Candidate]) -> Vec<String> {
    candidates
        .iter()
        .map(|candidate| {
            let mut words = format!(
                "{} (found by {})",
                candidate.observed.target_id,
                candidate.found_by.as_str()
            );
            if let Some(dn) = &candidate.linked_to {
                words.push_str(&format!(", linked to {dn}"));
            }
            if let Some(channel) = &candidate.owned_by {
                words.push_str(&format!(", owned by channel {channel}"));
            }
            words
        })
        .collect()
}
