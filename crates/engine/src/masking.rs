//! Masked fields of what a target returns: sealed before anything is compared, kept or shown. A
//! target answers in the clear what was sent to it sealed.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use usher_connector::{Check, Exchange, ListPage, Opener, Reply, Request, Target, TargetError};
use usher_core::descriptor::{Capabilities, ConnectorDescriptor};
use usher_core::mapping::Mask as _;
use usher_core::model::{FieldValue, Kind, Observed, Operation, SpConnection, TargetId};

use crate::secrets::Sealer;

const DOTS: &str = "********";

/// A target whose answers hold no masked value in the clear.
pub(crate) struct MaskedTarget {
    inner: Arc<dyn Target>,
    fields: BTreeSet<String>,
    sealer: Arc<Sealer>,
}

impl MaskedTarget {
    /// Masks what any channel of the SP connection masks: they share the target's index. The user
    /// name and the source key stay readable, since accounts are found by them.
    pub(crate) fn over(
        inner: Arc<dyn Target>,
        sp: &SpConnection,
        descriptor: &ConnectorDescriptor,
        sealer: &Arc<Sealer>,
    ) -> Arc<dyn Target> {
        let readable = [&descriptor.username_field, &descriptor.external_id_field];
        let rules = sp.channels.iter().flat_map(|channel| &channel.mapping);
        let fields: BTreeSet<String> = rules
            .filter(|rule| rule.masked && !readable.contains(&&rule.field))
            .map(|rule| rule.field.clone())
            .collect();
        if fields.is_empty() {
            return inner;
        }
        Arc::new(Self {
            inner,
            fields,
            sealer: sealer.clone(),
        })
    }

    /// Seals the masked fields; returns their texts.
    fn seal(&self, observed: &mut Observed) -> Vec<String> {
        let mut texts = Vec::new();
        for field in &self.fields {
            let Some(value) = observed.resource.fields.get_mut(field) else {
                continue;
            };
            let text = match value {
                FieldValue::Text(text) => std::mem::take(text),
                FieldValue::List(list) => {
                    texts.extend(list.iter().cloned());
                    list.join("\n")
                }
                FieldValue::Bool(_) | FieldValue::Sealed { .. } => continue,
            };
            *value = self.sealer.mask(field, &text);
            texts.push(text);
        }
        texts
    }
}

/// Hides texts in a reply as it is kept, in the form that JSON gives them.
fn hide(exchange: &mut Exchange, texts: &[String]) {
    let Some(reply) = &mut exchange.reply else {
        return;
    };
    for text in texts.iter().filter(|text| !text.is_empty()) {
        let quoted = serde_json::Value::from(text.as_str()).to_string();
        let inside = quoted.trim_matches('"');
        *reply = reply.replace(inside, DOTS).replace(text.as_str(), DOTS);
    }
}

#[async_trait]
impl Target for MaskedTarget {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn check(&self) -> Vec<Check> {
        self.inner.check().await
    }

    async fn verify(&self) -> Result<(), TargetError> {
        self.inner.verify().await
    }

    async fn list(
        &self,
        kind: Kind,
        start: Option<u64>,
        with_members: bool,
    ) -> Result<ListPage, TargetError> {
        let mut page = self.inner.list(kind, start, with_members).await?;
        for observed in &mut page.resources {
            self.seal(observed);
        }
        Ok(page)
    }

    async fn read(&self, kind: Kind, id: &TargetId) -> Result<Option<Observed>, TargetError> {
        let mut found = self.inner.read(kind, id).await?;
        if let Some(observed) = &mut found {
            self.seal(observed);
        }
        Ok(found)
    }

    async fn find(
        &self,
        kind: Kind,
        field: &str,
        value: &str,
    ) -> Result<Vec<Observed>, TargetError> {
        let mut found = self.inner.find(kind, field, value).await?;
        for observed in &mut found {
            self.seal(observed);
        }
        Ok(found)
    }

    fn encode(
        &self,
        kind: Kind,
        operation: &Operation,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        self.inner.encode(kind, operation, opener)
    }

    fn encode_otherwise(
        &self,
        kind: Kind,
        operation: &Operation,
        attempt: u32,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        self.inner
            .encode_otherwise(kind, operation, attempt, opener)
    }

    async fn send(&self, request: &Request) -> Result<Reply, TargetError> {
        let mut reply = self.inner.send(request).await?;
        if let Some(observed) = &mut reply.observed {
            let texts = self.seal(observed);
            hide(&mut reply.exchange, &texts);
        }
        Ok(reply)
    }
}
