//! Counting what is in scope, without keeping it.

use async_trait::async_trait;
use usher_connector::{EventSink, ReadRequest, ScopeCount, SourceError, SourceEvent};
use usher_core::mapping::{Mapped, Unmasked, map_user};
use usher_core::model::{Certificate, Kind, Millis, ScopeVerdict};

use crate::context::OpenChannel;
use crate::cycle::Defaulted;
use crate::error::EngineError;

/// What a full read counted.
pub(super) struct Counted {
    pub(super) scope: ScopeCount,
    pub(super) invalid: u64,
    pub(super) first_invalid: Option<String>,
    pub(super) certificate: Option<Certificate>,
    pub(super) defaulted: Defaulted,
}

struct Counter<'a> {
    open: &'a OpenChannel,
    now: Millis,
    counted: Counted,
}

#[async_trait]
impl EventSink for Counter<'_> {
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError> {
        match event {
            SourceEvent::Page(entries) => {
                for read in entries.iter().filter(|read| read.scope == ScopeVerdict::In) {
                    match read.entry.kind {
                        Kind::User => self.user(&read.entry),
                        Kind::Group => self.counted.scope.groups += 1,
                    }
                }
            }
            SourceEvent::End(certificate) => self.counted.certificate = Some(certificate),
            SourceEvent::Begin { .. }
            | SourceEvent::Bad { .. }
            | SourceEvent::Members { .. }
            | SourceEvent::MembersEnd { .. }
            | SourceEvent::Gone { .. } => {}
        }
        Ok(())
    }
}

impl Counter<'_> {
    fn user(&mut self, entry: &usher_core::model::Entry) {
        self.counted.scope.users += 1;
        let disabled = match map_user(entry, &self.open.rules, &Unmasked, self.now) {
            Mapped::Desired(desired) => {
                self.counted.defaulted.note(&entry.dn, &desired);
                desired.disabled
            }
            Mapped::Invalid {
                problems, disabled, ..
            } => {
                self.counted.invalid += 1;
                if self.counted.first_invalid.is_none() {
                    let what = problems
                        .first()
                        .map_or("", |problem| problem.message.as_str());
                    self.counted.first_invalid = Some(format!("{}: {what}", entry.dn));
                }
                disabled
            }
        };
        self.counted.scope.disabled += u64::from(disabled.is_some());
    }
}

/// Reads the whole scope and counts it.
pub(super) async fn count(open: &OpenChannel, now: Millis) -> Result<Counted, EngineError> {
    let mut counter = Counter {
        open,
        now,
        counted: Counted {
            scope: ScopeCount::default(),
            invalid: 0,
            first_invalid: None,
            certificate: None,
            defaulted: Defaulted::default(),
        },
    };
    let request = ReadRequest {
        from: None,
        attributes: open.attributes(),
        sentinel_keys: Vec::new(),
        member_groups: Vec::new(),
    };
    open.source.read(&request, &mut counter).await?;
    Ok(counter.counted)
}
