//! The target contract over SCIM.

use async_trait::async_trait;
use tokio::sync::Semaphore;
use usher_connector::{Check, Failure, ListPage, Opener, Reply, Request, Target, TargetError};
use usher_core::descriptor::Capabilities;
use usher_core::model::{Kind, Observed, Operation, TargetId};

use crate::address::Address;
use crate::check;
use crate::client::Client;
use crate::encode::{self, Encoder};
use crate::fields::Fields;
use crate::mask::Mask;
use crate::profile::Profile;

/// An opened SCIM service.
pub(crate) struct ScimTarget {
    pub(crate) profile: Profile,
    pub(crate) address: Address,
    pub(crate) client: Client,
    pub(crate) fields: Fields,
    /// Replies with all members of groups may be large: one at a time.
    pub(crate) large: Semaphore,
}

impl ScimTarget {
    pub(crate) fn new(profile: Profile, address: Address, client: Client, fields: Fields) -> Self {
        Self {
            profile,
            address,
            client,
            fields,
            large: Semaphore::new(1),
        }
    }

    fn encoder<'a>(&'a self, opener: &'a dyn Opener) -> Encoder<'a> {
        Encoder {
            profile: &self.profile,
            fields: &self.fields,
            opener,
        }
    }
}

#[async_trait]
impl Target for ScimTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.profile.descriptor.capabilities
    }

    async fn check(&self) -> Vec<Check> {
        check::run(self).await
    }

    async fn verify(&self) -> Result<(), TargetError> {
        check::verify(self).await
    }

    async fn list(
        &self,
        kind: Kind,
        start: Option<u64>,
        with_members: bool,
    ) -> Result<ListPage, TargetError> {
        self.list_page(kind, start.unwrap_or(1).max(1), with_members)
            .await
    }

    async fn read(&self, kind: Kind, id: &TargetId) -> Result<Option<Observed>, TargetError> {
        let Some(document) = self.read_document(kind, id).await? else {
            return Ok(None);
        };
        self.observed(kind, &document)
    }

    async fn find(
        &self,
        kind: Kind,
        field: &str,
        value: &str,
    ) -> Result<Vec<Observed>, TargetError> {
        let known = |(of, name): &(Kind, String)| *of == kind && name == field;
        if value.is_empty()
            || !self
                .profile
                .descriptor
                .capabilities
                .lookups
                .iter()
                .any(known)
        {
            return Ok(Vec::new());
        }
        self.look_up(kind, field, value).await
    }

    fn encode(
        &self,
        kind: Kind,
        operation: &Operation,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        encode::first(&self.encoder(opener), kind, operation)
    }

    fn encode_otherwise(
        &self,
        kind: Kind,
        operation: &Operation,
        attempt: u32,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError> {
        encode::otherwise(&self.encoder(opener), kind, operation, attempt)
    }

    async fn send(&self, request: &Request) -> Result<Reply, TargetError> {
        let mask = Mask::of(self.client.key(), request);
        if request.method == "PUT" {
            return self.put(request, &mask).await;
        }
        self.write(request, request.body.as_ref(), &mask).await
    }
}

/// The reason an operation cannot be carried out on what the target holds.
pub(crate) fn refused(message: impl Into<String>) -> TargetError {
    TargetError::new(Failure::Refused { fields: Vec::new() }, message)
}
