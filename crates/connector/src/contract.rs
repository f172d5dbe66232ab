//! What every [`Source`] must keep, as checks that a source's own tests run on a directory of theirs.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::model::{Certificate, Kind, ScopeVerdict, SourceKey};

use crate::{FetchBy, Fetched, ReadEntry, ReadRequest, Source, SourceEvent};

/// Reads everything and fetches it again.
///
/// # Errors
/// The first rule that is broken, in words.
pub async fn check_source(source: &dyn Source, request: &ReadRequest) -> Result<(), String> {
    let mut events: Vec<SourceEvent> = Vec::new();
    let read = source.read(request, &mut events).await;
    read.map_err(|error| format!("the read failed: {error}"))?;
    let read = in_order(&events)?;
    agrees(&read)?;
    if request.from.is_none() {
        whole(&read)?;
    }
    fetches_what_it_read(source, request, &read).await
}

/// The parts of a read.
struct Read<'a> {
    full: bool,
    entries: Vec<&'a ReadEntry>,
    /// Groups whose members were read, with the number of ends.
    ends: BTreeMap<&'a SourceKey, u32>,
    certificate: &'a Certificate,
}

fn in_order(events: &[SourceEvent]) -> Result<Read<'_>, String> {
    let [
        SourceEvent::Begin { full, .. },
        middle @ ..,
        SourceEvent::End(certificate),
    ] = events
    else {
        return Err(format!(
            "expected Begin first and End last, found {} events: {:?} ... {:?}",
            events.len(),
            events.first(),
            events.last()
        ));
    };
    let mut read = Read {
        full: *full,
        entries: Vec::new(),
        ends: BTreeMap::new(),
        certificate,
    };
    // 0 people, 1 groups, 2 members, 3 gone.
    let mut stage = 0;
    for event in middle {
        let next = match event {
            SourceEvent::Page(page) => {
                read.entries.extend(page);
                stage_of_page(page)?
            }
            SourceEvent::Bad { problem, .. } if problem.is_empty() => {
                return Err("an entry is bad without a reason".into());
            }
            SourceEvent::Bad { .. } => stage,
            SourceEvent::Members { group, .. } => {
                if read.ends.contains_key(group) {
                    return Err(format!("members of {group} come after their end"));
                }
                2
            }
            SourceEvent::MembersEnd { group, .. } => {
                *read.ends.entry(group).or_default() += 1;
                2
            }
            SourceEvent::Gone { .. } => 3,
            SourceEvent::Begin { .. } | SourceEvent::End(_) => {
                return Err("Begin and End occur once".into());
            }
        };
        if next < stage {
            return Err(format!("out of order: {event:?}"));
        }
        stage = next;
    }
    Ok(read)
}

fn stage_of_page(page: &[ReadEntry]) -> Result<u8, String> {
    let kinds: BTreeSet<bool> = page
        .iter()
        .map(|read| read.entry.kind == Kind::Group)
        .collect();
    match (kinds.contains(&false), kinds.contains(&true)) {
        (false, false) => Err("a page is empty".into()),
        (_, false) => Ok(0),
        (false, true) => Ok(1),
        (true, true) => Err("a page holds people and groups".into()),
    }
}

fn agrees(read: &Read<'_>) -> Result<(), String> {
    let mut keys = BTreeSet::new();
    for found in &read.entries {
        let entry = &found.entry;
        if !keys.insert(&entry.key) {
            return Err(format!("{} comes twice", entry.key));
        }
        if let Some(name) = entry
            .attributes
            .keys()
            .find(|n| **n != n.to_ascii_lowercase())
        {
            return Err(format!(
                "attribute `{name}` of {} is not lower-case",
                entry.dn
            ));
        }
    }
    let count = |kind| read.entries.iter().filter(|r| r.entry.kind == kind).count() as u64;
    let (users, groups) = (read.certificate.users, read.certificate.groups);
    if (users, groups) != (count(Kind::User), count(Kind::Group)) {
        return Err(format!(
            "the certificate counts {users} people and {groups} groups"
        ));
    }
    for (group, ends) in &read.ends {
        let known = read.entries.iter().any(|r| {
            r.entry.key == **group && r.entry.kind == Kind::Group && r.scope == ScopeVerdict::In
        });
        if !known || *ends != 1 {
            return Err(format!(
                "{group} has {ends} ends of members; known: {known}"
            ));
        }
    }
    Ok(())
}

fn whole(read: &Read<'_>) -> Result<(), String> {
    if !read.full {
        return Err("everything was asked for, and a delta was read".into());
    }
    if !read.certificate.is_complete() {
        return Err(format!(
            "incomplete: {}",
            read.certificate.incomplete.join("; ")
        ));
    }
    if read.certificate.asked.is_empty() || read.certificate.host.is_empty() {
        return Err("the certificate does not say who was asked for what".into());
    }
    let groups = read.entries.iter().filter(|r| r.entry.kind == Kind::Group);
    let in_scope = groups.filter(|r| r.scope == ScopeVerdict::In);
    match in_scope
        .map(|r| &r.entry)
        .find(|entry| !read.ends.contains_key(&entry.key))
    {
        Some(entry) => Err(format!("the members of {} were not read", entry.dn)),
        None => Ok(()),
    }
}

async fn fetches_what_it_read(
    source: &dyn Source,
    request: &ReadRequest,
    read: &Read<'_>,
) -> Result<(), String> {
    let nobody = SourceKey::new("00000000-ffff-4000-8000-00000000dead");
    let mut keys: Vec<SourceKey> = read
        .entries
        .iter()
        .rev()
        .map(|r| r.entry.key.clone())
        .collect();
    keys.push(nobody);
    let dns: Vec<String> = read
        .entries
        .iter()
        .rev()
        .map(|r| r.entry.dn.clone())
        .collect();
    for by in [FetchBy::Keys(keys.clone()), FetchBy::Dns(dns)] {
        let fetched = source.fetch(&by, &request.attributes).await;
        let fetched = fetched.map_err(|error| format!("the fetch failed: {error}"))?;
        let asked = match &by {
            FetchBy::Keys(keys) => keys.len(),
            FetchBy::Dns(dns) => dns.len(),
        };
        if fetched.len() != asked {
            return Err(format!("asked for {asked}, got {}", fetched.len()));
        }
        for (before, now) in read.entries.iter().rev().zip(&fetched) {
            match now {
                Fetched::Present(now) if now.as_ref() == *before => {}
                other => return Err(format!("read {before:?}, fetched {other:?}")),
            }
        }
        if asked > read.entries.len() && fetched.last() != Some(&Fetched::Absent) {
            return Err(format!("nobody has that key, but: {:?}", fetched.last()));
        }
    }
    Ok(())
}
