//! Reading: pages, look-ups, single resources, and the errors of all of them.

use usher_connector::{Failure, ListPage, Premise, TargetError};
use usher_core::model::{FieldValue, Kind, Observed, TargetId};
use usher_scim::{Document, Path, eq_filter};

use crate::classify::Purpose;
use crate::client::{Answer, Call};
use crate::encode::collection;
use crate::errors::{unexpected, unreadable};
use crate::http::{BodyError, Limits};
use crate::target::{ScimTarget, refused};

/// No listing goes on beyond this many resources, whatever the service says.
const MOST_RESOURCES: u64 = 20_000_000;

impl ScimTarget {
    /// One page. When its replies are too large, fewer resources are asked for, down to one.
    pub(crate) async fn list_page(
        &self,
        kind: Kind,
        start: u64,
        with_members: bool,
    ) -> Result<ListPage, TargetError> {
        if start > MOST_RESOURCES {
            return Err(refused(format!(
                "the list of {kind}s did not end after {MOST_RESOURCES} resources; the service's paging is broken"
            )));
        }
        let limits = match (kind, with_members) {
            (Kind::User, _) => Limits::SMALL,
            (Kind::Group, false) => Limits::GROUPS,
            (Kind::Group, true) => Limits::MEMBERS,
        };
        let _one_at_a_time = if limits == Limits::MEMBERS {
            self.large.acquire().await.ok()
        } else {
            None
        };
        let mut count = self.profile.page_size.max(1);
        let page = loop {
            let (from, most) = (start.to_string(), count.to_string());
            let query = [("startIndex", from.as_str()), ("count", most.as_str())];
            match self.page(kind, &query, limits).await {
                Err(PageError::TooLarge(_)) if count > 1 => count = (count / 10).max(1),
                other => break other.map_err(PageError::into_inner)?,
            }
        };
        let received = page.received();
        let after = start + received;
        let at_end = received == 0 || page.total.is_some_and(|total| after > total);
        Ok(ListPage {
            resources: self.observe_all(kind, &page.resources)?,
            total: page.total,
            next: (!at_end).then_some(after),
        })
    }

    fn observe_all(
        &self,
        kind: Kind,
        documents: &[Document],
    ) -> Result<Vec<Observed>, TargetError> {
        let mut seen = Vec::with_capacity(documents.len());
        for document in documents {
            seen.extend(self.observed(kind, document)?);
        }
        if seen.len() < documents.len() {
            let without = documents.len() - seen.len();
            tracing::warn!(%kind, without, "the service listed resources without an id; they cannot be linked");
        }
        Ok(seen)
    }

    /// A resource as it was read; `None` without an id.
    pub(crate) fn observed(
        &self,
        kind: Kind,
        document: &Document,
    ) -> Result<Option<Observed>, TargetError> {
        let failure = Failure::Retry { after_ms: None };
        self.fields
            .observe(kind, document)
            .map_err(|what| TargetError::new(failure, format!("the service answered with {what}")))
    }

    /// Resources by one value. The service's answer is checked: some ignore a filter and return everything.
    pub(crate) async fn look_up(
        &self,
        kind: Kind,
        field: &str,
        value: &str,
    ) -> Result<Vec<Observed>, TargetError> {
        let Some(path) = self.fields.path(kind, field) else {
            return Ok(Vec::new());
        };
        let filter = eq_filter(&path.to_string(), value);
        let most = self.profile.page_size.max(1).to_string();
        let query = [
            ("filter", filter.as_str()),
            ("startIndex", "1"),
            ("count", most.as_str()),
        ];
        let limits = match kind {
            Kind::User => Limits::SMALL,
            Kind::Group => Limits::GROUPS,
        };
        let page = self
            .page(kind, &query, limits)
            .await
            .map_err(PageError::into_inner)?;
        let exact = field == self.profile.descriptor.external_id_field;
        let hit = |observed: &Observed| match observed.resource.fields.get(field) {
            Some(FieldValue::Text(found)) if exact => found == value,
            Some(FieldValue::Text(found)) => found.to_lowercase() == value.to_lowercase(),
            _ => false,
        };
        let (hits, others): (Vec<_>, Vec<_>) = self
            .observe_all(kind, &page.resources)?
            .into_iter()
            .partition(hit);
        let more = page.total.is_some_and(|total| total > page.received());
        if !others.is_empty() && more {
            return Err(refused(format!(
                "asked for {kind}s with one {field}, the service returned others: it ignores the filter, so nothing can be looked up"
            )));
        }
        Ok(hits)
    }

    /// One resource as the service returns it; `None` when it says that there is none.
    pub(crate) async fn read_document(
        &self,
        kind: Kind,
        id: &TargetId,
    ) -> Result<Option<Document>, TargetError> {
        let (limits, _one_at_a_time) = match kind {
            Kind::User => (Limits::SMALL, None),
            Kind::Group => (Limits::MEMBERS, self.large.acquire().await.ok()),
        };
        let segments = [collection(kind), id.as_str()];
        let answer = match self.get(kind, &segments, &[], limits, Purpose::Read).await {
            Ok(answer) => answer,
            Err(error) if error.failure == gone() => return Ok(None),
            Err(error) => return Err(error),
        };
        let mask = self.client.mask();
        let document = serde_json::from_slice(answer.bytes())
            .ok()
            .and_then(Document::from_value);
        let same = |found: &Document| found.get_str(&Path::attribute("id")) == Some(id.as_str());
        match document.filter(same) {
            Some(document) => Ok(Some(document)),
            None => {
                let what = format!("a {kind} with the id asked for");
                Err(unexpected(&what, answer, &mask))
            }
        }
    }

    async fn page(
        &self,
        kind: Kind,
        query: &[(&str, &str)],
        limits: Limits,
    ) -> Result<usher_scim::ListPage, PageError> {
        let answer = self
            .get_answer(&[collection(kind)], query, limits, Purpose::List)
            .await?;
        if let (true, Err(BodyError::TooLarge { .. })) = (answer.is_success(), &answer.body) {
            let error = unreadable(Purpose::List, answer, &self.client.mask());
            return Err(PageError::TooLarge(error));
        }
        let answer = self.good(kind, Purpose::List, answer)?;
        match usher_scim::ListPage::parse(answer.bytes()) {
            Ok(page) if page.total.is_some_and(|total| total > MOST_RESOURCES) => {
                let total = page.total.unwrap_or_default();
                let what = format!(
                    "a list whose `totalResults` is at most {MOST_RESOURCES}, found {total}"
                );
                Err(unexpected(&what, answer, &self.client.mask()).into())
            }
            Ok(page) => Ok(page),
            Err(error) => Err(unexpected(&error.to_string(), answer, &self.client.mask()).into()),
        }
    }

    /// A GET whose reply is a success and was read to its end.
    pub(crate) async fn get(
        &self,
        kind: Kind,
        segments: &[&str],
        query: &[(&str, &str)],
        limits: Limits,
        purpose: Purpose,
    ) -> Result<Answer, TargetError> {
        let answer = self.get_answer(segments, query, limits, purpose).await?;
        self.good(kind, purpose, answer)
    }

    async fn get_answer(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
        limits: Limits,
        purpose: Purpose,
    ) -> Result<Answer, TargetError> {
        let Some(url) = self.address.join(segments, query) else {
            return Err(refused(
                "the id of the resource is empty or `.`; nothing can be read by it",
            ));
        };
        let call = Call {
            method: "GET",
            url,
            body: None,
            shown: None,
            limits,
            watch: Vec::new(),
        };
        self.client
            .call(call, &self.client.mask())
            .await
            .map_err(|(error, exchange)| self.no_reply(purpose, &error, exchange))
    }

    fn good(&self, kind: Kind, purpose: Purpose, answer: Answer) -> Result<Answer, TargetError> {
        let mask = self.client.mask();
        if !answer.is_success() {
            return Err(self.bad_status(kind, purpose, answer, &mask));
        }
        if answer.body.is_err() {
            return Err(unreadable(purpose, answer, &mask));
        }
        Ok(answer)
    }
}

fn gone() -> Failure {
    Failure::Replan {
        premise: Premise::Gone,
    }
}

/// A page that is too large is worth asking for with fewer resources.
enum PageError {
    TooLarge(TargetError),
    Other(TargetError),
}

impl PageError {
    fn into_inner(self) -> TargetError {
        match self {
            Self::TooLarge(error) | Self::Other(error) => error,
        }
    }
}

impl From<TargetError> for PageError {
    fn from(error: TargetError) -> Self {
        Self::Other(error)
    }
}
