//! Totals against limits (behaviour §4).

use crate::model::{GuardLimits, Limit};

use super::count::kind_of;
use super::{Breach, PlanTotals, name};

/// The limits that a plan exceeds, in guard order; every step that carries a breach's guard name is
/// to be held, the rest goes on. Counted is what this plan does and what was done in the last 24
/// hours without approval.
pub fn guard(totals: &PlanTotals, limits: &GuardLimits) -> Vec<Breach> {
    totals
        .counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .filter_map(|(guard, count)| {
            let figures = Figures::new(totals, guard, *count);
            let reason = judge(&figures, totals, limits)?;
            Some(Breach {
                guard: guard.clone(),
                reason,
            })
        })
        .collect()
}

/// Why a read proves no absence although it looks complete: nothing was read, or less than the
/// limit's share of what was expected: as many people as the last complete read returned, without those over whose
/// leaving was decided since (behaviour §4, §5). `None` = it may prove absence.
pub fn source_shrunk(read: u64, expected: Option<u64>, limits: &GuardLimits) -> Option<String> {
    let remedy = "no absence counts; look at base DN, filter and the bind account's rights";
    if read == 0 {
        return Some(format!("the source returned no entry at all: {remedy}"));
    }
    let expected = expected.filter(|expected| *expected > 0)?;
    let percent = limits.shrunk_percent;
    ((read as f64) * 100.0 < (expected as f64) * percent).then(|| {
        format!(
            "the source returned {read} entries where {expected} are known: under {percent} %, so {remedy}. If so few is right, decide over the held removals (`usher status --held`); if none is held, lower `guards.shrunk_percent` in the channel's policy for one full read: whoever is missing is then held for you to decide"
        )
    })
}

/// The numbers of one guard.
struct Figures<'a> {
    /// What follows the colon in the guard's name.
    part: &'a str,
    /// What people call that.
    label: &'a str,
    kind: &'a str,
    /// In this plan.
    planned: u64,
    /// In the last 24 hours.
    window: u64,
    /// The size of what `part` stands for, now.
    size: u64,
}

impl<'a> Figures<'a> {
    fn new(totals: &'a PlanTotals, guard: &'a str, planned: u64) -> Self {
        let part = guard.split_once(':').map_or("", |(_, part)| part);
        Self {
            part,
            label: totals.labels.get(guard).map_or(part, String::as_str),
            kind: kind_of(guard),
            planned,
            window: totals.window.get(guard).copied().unwrap_or(0),
            size: totals.sizes.get(guard).copied().unwrap_or(0),
        }
    }

    fn total(&self) -> u64 {
        self.planned.saturating_add(self.window)
    }

    /// "180", or "6 (and 7 more in the last 24 hours)".
    fn shown(&self) -> String {
        if self.window == 0 {
            self.planned.to_string()
        } else {
            format!(
                "{} (and {} more in the last 24 hours)",
                self.planned, self.window
            )
        }
    }

    /// The breach of a limit of N, if it is one.
    fn above(&self, what: &str, limit: Limit, n: u64, of: &str, advice: &str) -> Option<String> {
        let most = limit.of(n);
        (self.total() > most).then(|| {
            format!(
                "{what}: {} of {n} {of}, the limit is {most} ({}); {advice}, then approve the held steps (`usher approve`)",
                self.shown(),
                formula(limit, n)
            )
        })
    }
}

fn judge(figures: &Figures<'_>, totals: &PlanTotals, limits: &GuardLimits) -> Option<String> {
    let n = totals.active_links;
    match figures.kind {
        name::REMOVAL_ABSENCE => figures.above(
            "removals by absence or lost scope",
            limits.removals_by_absence,
            n,
            "would be disabled or deleted",
            "look at the scope and at what the directory returned",
        ),
        name::REMOVAL_EVIDENCE => figures.above(
            "removals by the source's own word",
            limits.removals_by_evidence,
            n,
            "would be disabled or deleted",
            "check that so many were really disabled in the directory",
        ),
        name::REMOVAL_CONFIGURATION => Some(format!(
            "removals caused by a change of configuration: {}, always held; check the change, then approve the held steps (`usher approve`)",
            figures.shown()
        )),
        name::ENABLE => figures.above(
            "accounts that are enabled again",
            limits.enables,
            n,
            "would be enabled",
            "check that so many returned, and that the right to read who is disabled did not get lost",
        ),
        name::GROUP_REMOVAL => Some(format!(
            "groups deleted or emptied: {}, always held; check them one by one, then approve the held steps (`usher approve`)",
            figures.shown()
        )),
        name::USER_DELETE => figures.above(
            "deletes of users",
            limits.user_deletes,
            n,
            "would be deleted for good",
            "check who they are",
        ),
        name::CREATE => {
            if totals.first_sync {
                return None;
            }
            figures.above(
                "creates after the first sync",
                limits.creates,
                n,
                "(as many as are linked now) would be created",
                "check that the scope did not grow by mistake",
            )
        }
        name::ATTRIBUTE_CHANGED => figures.above(
            &format!("people whose {} changes", figures.part),
            limits.attribute_changed,
            n,
            "would change",
            "look at the mapping of that field",
        ),
        name::ATTRIBUTE_CLEARED => figures.above(
            &format!("people whose {} is cleared", figures.part),
            limits.attribute_cleared,
            n,
            "would lose it",
            "look at the mapping of that field and at the rights to read it",
        ),
        name::IDENTITY_CHANGED => figures.above(
            "people whose user name or work e-mail changes",
            limits.identity_changed,
            n,
            "would change",
            "look at the mapping of both",
        ),
        name::MEMBERS_LAST => members_last(totals, limits),
        name::MEMBERS_LOST => members_lost(figures, totals, limits),
        name::MEMBERS_GAINED => figures.above(
            &format!("members that group {} gains", figures.label),
            limits.members_gained,
            figures.size,
            "(its size now) would be added",
            "check the group in the directory",
        ),
        name::CONTAINER => vanishing(
            figures,
            limits,
            "was it moved, or did the right to read it get lost?",
        ),
        name::SCOPE_GROUP => vanishing(
            figures,
            limits,
            "were its members taken out on purpose, or did the right to read them get lost?",
        ),
        // A step counted under a name that no limit is known for is not let through unjudged.
        unknown => Some(format!(
            "no limit is known for {unknown}: held; approve the held steps (`usher approve`) and report this"
        )),
    }
}

fn members_lost(
    figures: &Figures<'_>,
    totals: &PlanTotals,
    limits: &GuardLimits,
) -> Option<String> {
    let gained = format!("{}:{}", name::MEMBERS_GAINED, figures.part);
    let gains = totals.counts.get(&gained).copied().unwrap_or(0) > 0;
    // The group had those that it lost in the last 24 hours, too.
    let size = figures.size.saturating_add(figures.window);
    if size >= limits.emptied_group_size && figures.planned >= figures.size && !gains {
        let before = match figures.window {
            0 => String::new(),
            lost => format!(" (and lost {lost} more in the last 24 hours)"),
        };
        return Some(format!(
            "group {} would lose all of its {} members{before}; emptying a group of {} or more is always held: check it in the directory, then approve the held steps (`usher approve`)",
            figures.label, figures.size, limits.emptied_group_size
        ));
    }
    figures.above(
        &format!("members that group {} loses", figures.label),
        limits.members_lost,
        size,
        "would be removed",
        "check the group in the directory",
    )
}

/// Whatever group they stand in, people who lose their last membership are judged together.
fn members_last(totals: &PlanTotals, limits: &GuardLimits) -> Option<String> {
    let guard = name::MEMBERS_LAST;
    let counted = totals.counts.get(guard).copied().unwrap_or(0);
    Figures::new(totals, guard, counted).above(
        "people who lose their last group",
        limits.removals_by_absence,
        totals.active_links,
        "would be in no group any more",
        "check the groups in the directory",
    )
}

/// People of one container or scope group.
fn vanishing(figures: &Figures<'_>, limits: &GuardLimits, question: &str) -> Option<String> {
    let vanish = figures.total();
    let size = figures.size.max(vanish);
    let share = vanish as f64 * 100.0 > size as f64 * limits.container_percent;
    (vanish > limits.container_people && share).then(|| {
        format!(
            "people who vanish from \"{}\": {} of {size}, more than {} people and {} %; {question} Then approve the held steps (`usher approve`)",
            figures.part,
            figures.shown(),
            limits.container_people,
            limits.container_percent
        )
    })
}

/// The limit as a formula with its numbers: `max(10, min(1 % of 200, 100))`.
fn formula(limit: Limit, n: u64) -> String {
    let Limit {
        at_least,
        percent,
        at_most,
    } = limit;
    match at_most {
        _ if percent <= 0.0 => at_least.to_string(),
        Some(most) => format!("max({at_least}, min({percent} % of {n}, {most}))"),
        None => format!("max({at_least}, {percent} % of {n})"),
    }
}
