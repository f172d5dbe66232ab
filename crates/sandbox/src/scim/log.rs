//! What was asked and answered: a ring in memory, counters, and perhaps a file.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

/// Longest answer that is kept; longer ones are cut (requests are kept whole).
const KEPT_ANSWER_BYTES: usize = 16 * 1024;

/// One request with its answer. The key is never in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// From 1, in the order of arrival of the answers.
    pub number: u64,
    /// When it was carried out, by the sandbox's clock.
    pub at: Timestamp,
    /// Method.
    pub method: String,
    /// Path with query, as sent.
    pub path: String,
    /// `Bearer ***`, `(other)`, or nothing if the header was missing.
    pub authorization: Option<String>,
    /// Content-Type as sent.
    pub content_type: Option<String>,
    /// The body as sent.
    pub request_body: String,
    /// Its size in bytes.
    pub request_bytes: usize,
    /// Status of the answer; nothing if the network connection was closed without one.
    pub status: Option<u16>,
    /// The answer, at most 16 KiB of it.
    pub response_body: String,
    /// Its size in bytes.
    pub response_bytes: usize,
    /// The fault that was planned for it.
    pub fault: Option<String>,
}

/// The same, with bodies not yet turned into text.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) method: &'static str,
    pub(crate) shape: &'static str,
    pub(crate) path: String,
    pub(crate) authorization: Option<&'static str>,
    pub(crate) content_type: Option<String>,
    pub(crate) request: Bytes,
    pub(crate) status: Option<u16>,
    pub(crate) response: Bytes,
    pub(crate) fault: Option<String>,
}

/// How many requests there were since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All.
    pub total: u64,
    /// By method, for example `PATCH`.
    pub by_method: BTreeMap<String, u64>,
    /// By class of the status, for example `2xx`; `none` where no answer was sent.
    pub by_class: BTreeMap<String, u64>,
    /// By method and kind of path: `POST /Users`, `GET /Users?filter`, `PATCH /Groups/{id}`.
    pub by_operation: BTreeMap<String, u64>,
    /// Bytes of request bodies.
    pub request_bytes: u64,
    /// Bytes of answers.
    pub response_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    capacity: usize,
    entries: VecDeque<(u64, Entry, usize)>,
    next: u64,
    counts: HashMap<(&'static str, &'static str, &'static str), u64>,
    request_bytes: u64,
    response_bytes: u64,
    file: Option<BufWriter<File>>,
}

fn class(status: Option<u16>) -> &'static str {
    match status.map(|s| s / 100) {
        None => "none",
        Some(2) => "2xx",
        Some(3) => "3xx",
        Some(4) => "4xx",
        Some(5) => "5xx",
        Some(_) => "other",
    }
}

impl RequestLog {
    pub(crate) fn new(capacity: usize, file: Option<&Path>) -> io::Result<Self> {
        let file = match file {
            Some(path) => {
                let file = File::options().create(true).append(true).open(path)?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        Ok(Self {
            capacity,
            file,
            ..Self::default()
        })
    }

    pub(crate) fn add(&mut self, mut entry: Entry) {
        self.next += 1;
        let key = (entry.method, entry.shape, class(entry.status));
        *self.counts.entry(key).or_default() += 1;
        self.request_bytes += entry.request.len() as u64;
        self.response_bytes += entry.response.len() as u64;
        let size = entry.response.len();
        // Copied, so that a cut answer does not keep the whole one in memory.
        if size > KEPT_ANSWER_BYTES {
            let kept = entry.response.get(..KEPT_ANSWER_BYTES).unwrap_or_default();
            entry.response = Bytes::copy_from_slice(kept);
        }
        if let Some(file) = &mut self.file {
            let line = to_logged(self.next, &entry, size);
            let written = serde_json::to_writer(&mut *file, &line)
                .map_err(io::Error::from)
                .and_then(|()| file.write_all(b"\n"))
                .and_then(|()| file.flush());
            if let Err(error) = written {
                tracing::warn!(%error, "the request log file cannot be written; it is closed");
                self.file = None;
            }
        }
        if self.capacity == 0 {
            return;
        }
        while self.entries.len() >= self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back((self.next, entry, size));
    }

    /// Those kept, oldest first.
    pub(crate) fn list(&self) -> Vec<LoggedRequest> {
        self.entries
            .iter()
            .map(|(number, entry, size)| to_logged(*number, entry, *size))
            .collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts {
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
            ..Counts::default()
        };
        for ((method, shape, class), n) in &self.counts {
            counts.total += n;
            *counts.by_method.entry((*method).to_owned()).or_default() += n;
            *counts.by_class.entry((*class).to_owned()).or_default() += n;
            *counts
                .by_operation
                .entry(format!("{method} {shape}"))
                .or_default() += n;
        }
        counts
    }

    /// Forgets requests and counters; numbers go on.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.counts.clear();
        self.request_bytes = 0;
        self.response_bytes = 0;
    }
}

fn to_logged(number: u64, entry: &Entry, response_bytes: usize) -> LoggedRequest {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    LoggedRequest {
        number,
        at: entry.at,
        method: entry.method.to_owned(),
        path: entry.path.clone(),
        authorization: entry.authorization.map(str::to_owned),
        content_type: entry.content_type.clone(),
        request_body: text(&entry.request),
        request_bytes: entry.request.len(),
        status: entry.status,
        response_body: text(&entry.response),
        response_bytes,
        fault: entry.fault.clone(),
    }
}

/// Kind of path, for the counters.
pub(crate) fn shape(path: &str, query: Option<&str>) -> &'static str {
    let Some((_, rest)) = path.split_once("/scim/directory/") else {
        return if path.starts_with("/admin/") {
            "/admin"
        } else {
            "(other)"
        };
    };
    let rest = rest.trim_end_matches('/');
    let rest = rest.split_once('/').map_or("", |(_, rest)| rest);
    let rest = rest.strip_prefix("scim/").unwrap_or(rest);
    let filtered = query.is_some_and(|q| q.split('&').any(|pair| pair.starts_with("filter=")));
    match (rest.split_once('/'), rest, filtered) {
        (None, "Users", false) => "/Users",
        (None, "Users", true) => "/Users?filter",
        (Some(("Users", _)), _, _) => "/Users/{id}",
        (None, "Groups", false) => "/Groups",
        (None, "Groups", true) => "/Groups?filter",
        (Some(("Groups", _)), _, _) => "/Groups/{id}",
        _ => "/(discovery)",
    }
}
