//! Many small rows as one JSON text: what is read by the hundred thousand in each cycle. A row of its own costs more to hand
//! over, from the thread that works for the connection, than to find.

use serde::Deserialize;
use sqlx::sqlite::SqliteRow;
use usher_core::model::{Hash128, Kind, SourceKey, SubjectId, SubjectState, Verdict};
use usher_store::{Result, StagedMember, SubjectHead, Unchanged, WantedMembers};

use crate::cells::Cells;
use crate::error::inconsistent;

/// As `head_json!` writes it: hashes in hexadecimal digits, empty for none.
#[derive(Deserialize)]
struct Head<'a>(
    i64,
    String,
    &'a str,
    &'a str,
    &'a str,
    u8,
    &'a str,
    &'a str,
    &'a str,
    u8,
    Option<i64>,
);

/// As `UNCHANGED` writes it: which mark, subject, verdict.
#[derive(Deserialize)]
struct Same<'a>(usize, i64, &'a str);

/// As `WANTED` writes it: group, complete, members.
#[derive(Deserialize)]
struct Wanted(i64, u8, Vec<(i64, Vec<String>)>);

/// As `BY_DN` writes it: hash, subject, kind.
#[derive(Deserialize)]
struct Named<'a>(&'a str, i64, &'a str);

/// The heads in a row's `rows_json`.
pub(crate) fn heads(row: &SqliteRow) -> Result<Vec<SubjectHead>> {
    parsed::<Head<'_>, _>(row, head)
}

/// The names in a row's `rows_json`.
pub(crate) fn names(row: &SqliteRow) -> Result<Vec<(Hash128, SubjectId, Kind)>> {
    parsed::<Named<'_>, _>(row, |Named(hash, id, kind)| {
        let hash = hash_or_none("dn_hash", *id, hash)?;
        let hash = hash.ok_or_else(|| bad("dn_hash", *id, "there is no hash"))?;
        Ok((hash, SubjectId(*id), kind_of(*id, kind)?))
    })
}

/// The member lists in a row's `rows_json`.
pub(crate) fn wanted(row: &SqliteRow) -> Result<Vec<WantedMembers>> {
    let cells = Cells::of("membership", row);
    let lists: Option<Vec<Wanted>> = cells.json_or_none("rows_json")?;
    let lists = lists.unwrap_or_default().into_iter();
    Ok(lists
        .map(|Wanted(group, complete, members)| {
            let members = members.into_iter().map(|(user, via)| StagedMember {
                user: SubjectId(user),
                via,
            });
            let mut members: Vec<StagedMember> = members.collect();
            members.sort_unstable_by_key(|member| member.user);
            WantedMembers {
                group: SubjectId(group),
                members,
                complete: complete != 0,
            }
        })
        .collect())
}

/// The subjects in a row's `rows_json` that are as they were.
pub(crate) fn unchanged(row: &SqliteRow) -> Result<Vec<Unchanged>> {
    parsed::<Same<'_>, _>(row, |Same(mark, id, verdict)| {
        Ok(Unchanged {
            mark: *mark,
            subject: SubjectId(*id),
            verdict: Verdict::parse(verdict).ok_or_else(|| unknown("verdict", *id, verdict))?,
        })
    })
}

fn parsed<'r, R: Deserialize<'r>, T>(
    row: &'r SqliteRow,
    read: impl Fn(&R) -> Result<T>,
) -> Result<Vec<T>> {
    let cells = Cells::of("subject", row);
    let Some(text) = cells.get::<Option<&str>>("rows_json")? else {
        return Ok(Vec::new());
    };
    let rows: Vec<R> = serde_json::from_str(text)
        .map_err(|error| inconsistent("subject", "rows_json", "(several)", error.to_string()))?;
    rows.iter().map(read).collect()
}

fn head(row: &Head<'_>) -> Result<SubjectHead> {
    let Head(id, key, kind, dn_hash, state, in_scope, desired, synced, verdict, dirty, next_at) =
        row;
    let id = *id;
    Ok(SubjectHead {
        id: SubjectId(id),
        key: SourceKey::new(key.as_str()),
        kind: kind_of(id, kind)?,
        dn_hash: hash_or_none("dn_hash", id, dn_hash)?
            .ok_or_else(|| bad("dn_hash", id, "there is no hash"))?,
        state: SubjectState::parse(state).ok_or_else(|| unknown("state", id, state))?,
        in_scope: *in_scope != 0,
        desired_hash: hash_or_none("desired_hash", id, desired)?,
        synced_hash: hash_or_none("synced_hash", id, synced)?,
        verdict: Verdict::parse(verdict).ok_or_else(|| unknown("verdict", id, verdict))?,
        dirty: *dirty != 0,
        next_at: *next_at,
    })
}

fn kind_of(id: i64, text: &str) -> Result<Kind> {
    match text {
        "user" => Ok(Kind::User),
        "group" => Ok(Kind::Group),
        _ => Err(unknown("kind", id, text)),
    }
}

fn hash_or_none(column: &'static str, id: i64, digits: &str) -> Result<Option<Hash128>> {
    if digits.is_empty() {
        return Ok(None);
    }
    let mut hash = [0; 16];
    hex::decode_to_slice(digits, &mut hash).map_err(|_| {
        let found = digits.len() / 2;
        bad(column, id, &format!("expected 16 bytes, found {found}"))
    })?;
    Ok(Some(Hash128(hash)))
}

fn unknown(column: &'static str, id: i64, text: &str) -> usher_store::StoreError {
    bad(column, id, &format!("{text:?} is not a known value"))
}

fn bad(column: &'static str, id: i64, problem: &str) -> usher_store::StoreError {
    inconsistent("subject", column, id, problem)
}
