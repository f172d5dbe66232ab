//! Planned misbehaviour (row 41): deterministic rules, no chance involved.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// A SCIM error body with this status (500 and 503 are the documented ones).
    Error {
        /// HTTP status.
        status: u16,
        /// Whether the request is carried out all the same.
        #[serde(default)]
        commit: bool,
    },
    /// 429 with the gateway's body; not carried out.
    TooManyRequests {
        /// Seconds for `Retry-After`; left out if missing.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The answer comes this much later (real milliseconds).
    Delay {
        /// Milliseconds.
        ms: u64,
        /// Wait after carrying it out (true) or before (false).
        #[serde(default)]
        after_commit: bool,
    },
    /// The network connection is closed without an answer; nothing was carried out.
    ResetBeforeCommit,
    /// The request is carried out, then the network connection is closed without an answer.
    ResetAfterCommit,
    /// Carried out; the head announces the whole body, half of it arrives, then the connection is
    /// closed.
    TruncatedBody,
    /// A page of HTML, as from a proxy on the way.
    Html {
        /// HTTP status, for example 200 or 502.
        status: u16,
        /// Whether the request is carried out all the same.
        #[serde(default)]
        commit: bool,
    },
    /// Carried out; the answer shows another record, with these members put into what was made
    /// (`{"id": "1"}`: somebody else's id).
    OtherRecord {
        /// Members of the answer that replace those of the record.
        members: serde_json::Map<String, serde_json::Value>,
    },
    /// An empty body with this status.
    Empty {
        /// HTTP status.
        status: u16,
        /// Whether the request is carried out all the same.
        #[serde(default)]
        commit: bool,
    },
}

/// One rule: which requests, which of them, how often, and what happens.
///
/// The rule counts the requests that match it, from 1. It fires for the `nth`, or for each
/// `every`-th, or for all if neither is given, and at most `times` times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Only this method (upper case).
    #[serde(default)]
    pub method: Option<String>,
    /// Only paths (with query) that contain this text.
    #[serde(default)]
    pub path_contains: Option<String>,
    /// Only bodies that contain this text.
    #[serde(default)]
    pub body_contains: Option<String>,
    /// Only the n-th matching request.
    #[serde(default)]
    pub nth: Option<u64>,
    /// Only each n-th matching request.
    #[serde(default)]
    pub every: Option<u64>,
    /// At most this often.
    #[serde(default)]
    pub times: Option<u64>,
    /// What happens.
    pub kind: FaultKind,
}

impl FaultRule {
    /// A rule that fires for every SCIM request; narrow it with the other members.
    pub fn always(kind: FaultKind) -> Self {
        Self {
            method: None,
            path_contains: None,
            body_contains: None,
            nth: None,
            every: None,
            times: None,
            kind,
        }
    }

    /// A rule that fires once, for the next request with this method.
    pub fn once(method: &str, kind: FaultKind) -> Self {
        Self {
            method: Some(method.to_owned()),
            times: Some(1),
            ..Self::always(kind)
        }
    }

    /// The same rule, for paths that contain `text` only.
    pub fn on_path(mut self, text: &str) -> Self {
        self.path_contains = Some(text.to_owned());
        self
    }

    /// The same rule, for the `n`-th matching request only.
    pub fn nth(mut self, n: u64) -> Self {
        self.nth = Some(n);
        self
    }

    /// The same rule, for each `n`-th matching request.
    pub fn every(mut self, n: u64) -> Self {
        self.every = Some(n);
        self
    }

    /// The same rule, at most `n` times.
    pub fn times(mut self, n: u64) -> Self {
        self.times = Some(n);
        self
    }

    fn matches(&self, method: &str, path: &str, body: &[u8]) -> bool {
        self.method
            .as_deref()
            .is_none_or(|m| m.eq_ignore_ascii_case(method))
            && self
                .path_contains
                .as_deref()
                .is_none_or(|p| path.contains(p))
            && self
                .body_contains
                .as_deref()
                .is_none_or(|b| contains(body, b.as_bytes()))
    }
}

/// A rule with what it has counted so far.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedFault {
    /// The rule.
    pub rule: FaultRule,
    /// Requests that matched.
    pub seen: u64,
    /// How often it fired.
    pub fired: u64,
}

/// The rules in order; the first that fires decides.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    planned: Vec<PlannedFault>,
}

impl FaultPlan {
    pub(crate) fn new(rules: Vec<FaultRule>) -> Self {
        let mut plan = Self::default();
        for rule in rules {
            plan.add(rule);
        }
        plan
    }

    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.planned.push(PlannedFault {
            rule,
            seen: 0,
            fired: 0,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    pub(crate) fn list(&self) -> Vec<PlannedFault> {
        self.planned.clone()
    }

    /// Counts a request and says what goes wrong with it.
    pub(crate) fn next(&mut self, method: &str, path: &str, body: &[u8]) -> Option<FaultKind> {
        let mut chosen = None;
        for planned in &mut self.planned {
            if !planned.rule.matches(method, path, body) {
                continue;
            }
            planned.seen += 1;
            let due = match (planned.rule.nth, planned.rule.every) {
                (Some(n), _) => planned.seen == n,
                (None, Some(n)) => n > 0 && planned.seen.is_multiple_of(n),
                (None, None) => true,
            };
            let left = planned.rule.times.is_none_or(|t| planned.fired < t);
            if due && left && chosen.is_none() {
                planned.fired += 1;
                chosen = Some(planned.rule.kind.clone());
            }
        }
        chosen
    }
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || body.windows(wanted.len()).any(|w| w == wanted)
}
