//! Searching, listing, counting and sampling subjects.

use usher_core::model::{ChannelId, SourceKey, Subject, SubjectId, SubjectState, Verdict};
use usher_store::{ChannelCounts, Result, SubjectFilter};

use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::rows;
use crate::sql::subject as sql;
use crate::tx::list;

impl SqliteStore {
    pub(crate) async fn do_search(
        &self,
        channel: Option<&ChannelId>,
        text: &str,
        limit: u32,
    ) -> Result<Vec<Subject>> {
        let channel = channel.map(ChannelId::as_str);
        let mut ids: Vec<i64> = sqlx::query_scalar(sql::SEARCH_EXACT)
            .bind(channel)
            .bind(text)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        if ids.len() < limit as usize && !text.is_empty() {
            let lower = text.to_lowercase();
            let more: Vec<i64> = sqlx::query_scalar(sql::SEARCH)
                .bind(channel)
                .bind(text)
                .bind(limit)
                .bind(pattern(text))
                .bind(pattern(&lower))
                .bind(pattern(&text.to_uppercase()))
                .bind(&lower)
                .fetch_all(&self.readers)
                .await
                .map_err(backend)?;
            let exact = ids.clone();
            ids.extend(more.into_iter().filter(|id| !exact.contains(id)));
            ids.truncate(limit as usize);
        }
        let ids: Vec<SubjectId> = ids.into_iter().map(SubjectId).collect();
        self.do_subjects(&ids).await
    }

    pub(crate) async fn do_list(
        &self,
        filter: &SubjectFilter,
        after: SubjectId,
        limit: u32,
    ) -> Result<Vec<Subject>> {
        let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
        let verdicts: Vec<&str> = filter.verdicts.iter().map(|v| v.as_str()).collect();
        let few = !states.is_empty() || !verdicts.is_empty();
        let statement = if few && filter.channel.is_some() {
            sql::LIST_NARROW
        } else {
            sql::LIST
        };
        let rows = sqlx::query(statement)
            .bind(filter.channel.as_ref().map(ChannelId::as_str))
            .bind(after.0)
            .bind(filter.kind.map(|kind| kind.to_string()))
            .bind(any_of(&states)?)
            .bind(any_of(&verdicts)?)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter().map(rows::subject).collect()
    }

    pub(crate) async fn do_counts(&self, channel: &ChannelId) -> Result<ChannelCounts> {
        let rows = sqlx::query(sql::COUNTS)
            .bind(channel.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        let mut counts = ChannelCounts::default();
        for row in &rows {
            let cells = Cells::of("subject", row);
            let kind = cells.kind("kind")?;
            let state = cells.parsed("state", SubjectState::parse)?;
            let verdict = cells.parsed("verdict", Verdict::parse)?;
            let n = cells.count("n")?;
            let name = format!("{kind}.{}", state.as_str());
            *counts.states.entry(name).or_default() += n;
            if cells.get::<bool>("in_scope")? {
                let name = format!("{kind}.{}", verdict.as_str());
                *counts.verdicts.entry(name).or_default() += n;
            }
            let active = state.is_linked() && state != SubjectState::Disabled;
            if kind == usher_core::model::Kind::User && active {
                counts.active_links += n;
                let undecided = matches!(verdict, Verdict::Held | Verdict::Stepped);
                if undecided && !cells.get::<bool>("in_scope")? {
                    counts.leaving += n;
                }
            }
            if cells.get::<bool>("dirty")? {
                counts.dirty += n;
            }
        }
        Ok(counts)
    }

    pub(crate) async fn do_may_have_disabled(&self, channel: &ChannelId) -> Result<bool> {
        let found = sqlx::query(sql::MAY_HAVE_DISABLED)
            .bind(channel.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        Ok(found.is_some())
    }

    pub(crate) async fn do_container_sizes(
        &self,
        channel: &ChannelId,
        containers: &[String],
    ) -> Result<Vec<(String, u64)>> {
        self.sizes(sql::CONTAINER_SIZES, channel, containers).await
    }

    /// A count for each of the DNs, by a statement that takes the channel and their list.
    pub(crate) async fn sizes(
        &self,
        statement: &'static str,
        channel: &ChannelId,
        dns: &[String],
    ) -> Result<Vec<(String, u64)>> {
        let rows = sqlx::query(statement)
            .bind(channel.as_str())
            .bind(list(dns)?)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter()
            .map(|row| {
                let cells = Cells::of("container", row);
                Ok((cells.get("dn")?, cells.count("n")?))
            })
            .collect()
    }

    pub(crate) async fn do_sample_links(
        &self,
        channel: &ChannelId,
        n: u32,
        seed: u64,
    ) -> Result<Vec<SourceKey>> {
        // A multiplication modulo the prime 2^31 - 1 reorders ids; the multiplier is never 0.
        let multiplier = (scatter(seed) % 2_147_483_646) + 1;
        let keys: Vec<String> = sqlx::query_scalar(sql::SAMPLE)
            .bind(channel.as_str())
            .bind(n)
            .bind(multiplier as i64)
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        Ok(keys.into_iter().map(SourceKey::new).collect())
    }
}

/// Spreads neighbouring seeds over all 64 bits (the finalizer of SplitMix64).
fn scatter(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A filter's list; null when it asks for nothing.
pub(crate) fn any_of(values: &[&str]) -> Result<Option<String>> {
    if values.is_empty() {
        Ok(None)
    } else {
        list(values).map(Some)
    }
}

/// A `LIKE` pattern that finds the text anywhere, whatever signs it has.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for sign in text.chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    pattern
}
