//! Lists, filters and paging (rows 7 to 11).

use uuid::Uuid;

use super::desk::Desk;
use super::error::{Outcome, Refusal, to_bytes};
use super::filter;
use super::knobs::{Acceptance, EmptyList, ItemsPerPage};
use super::query::Query;
use super::view::{GroupView, Projection, UserView, read_paths};

const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

impl Desk<'_> {
    /// Row 10.
    pub(crate) fn projection(&self, query: &Query) -> Outcome<Projection> {
        match (query.get("attributes"), query.get("excludedAttributes")) {
            (None, None) => Ok(Projection::All),
            (Some(only), None) => Ok(Projection::Only(read_paths(only))),
            (None, Some(without)) => Ok(Projection::Without(read_paths(without))),
            (Some(only), Some(_)) => match self.knobs.both_projections {
                Acceptance::Refuse => Err(Refusal::value(
                    "attributes and excludedAttributes are mutually exclusive.",
                )),
                Acceptance::Accept | Acceptance::Ignore => Ok(Projection::Only(read_paths(only))),
            },
        }
    }

    pub(crate) fn show_user(&self, id: &Uuid, projection: &Projection) -> Outcome<Vec<u8>> {
        let Some(user) = self.directory.user(id) else {
            return Err(Refusal::missing("USER", &id.to_string()));
        };
        let view = UserView {
            user,
            directory: self.directory,
            knobs: self.knobs,
        };
        if *projection == Projection::All {
            return Ok(to_bytes(&view));
        }
        let value = serde_json::to_value(view).unwrap_or_default();
        Ok(to_bytes(&projection.apply(value)))
    }

    pub(crate) fn show_group(&self, id: &Uuid) -> Outcome<Vec<u8>> {
        let Some(group) = self.directory.group(id) else {
            return Err(Refusal::missing("GROUP", &id.to_string()));
        };
        Ok(to_bytes(&GroupView {
            group,
            directory: self.directory,
        }))
    }

    pub(crate) fn list_users(&mut self, query: &Query) -> Outcome<Vec<u8>> {
        let projection = self.projection(query)?;
        let (start, size) = self.page(query)?;
        let (total, ids) = match query.get("filter") {
            Some(text) => {
                let found = self.filter_users(text)?;
                slice(&found, start, size)
            }
            None => {
                let end = self.visible_users();
                slice(
                    self.directory.user_ids().get(..end).unwrap_or_default(),
                    start,
                    size,
                )
            }
        };
        let written = ids.iter().map(|id| self.show_user(id, &projection));
        let written: Vec<Vec<u8>> = written.collect::<Outcome<_>>()?;
        Ok(self.write_page(total, start, size, &written))
    }

    pub(crate) fn list_groups(&mut self, query: &Query) -> Outcome<Vec<u8>> {
        let (start, size) = self.page(query)?;
        let (total, ids) = match query.get("filter") {
            Some(text) => {
                let found = self.filter_groups(text)?;
                slice(&found, start, size)
            }
            None => {
                let end = self.visible_groups();
                slice(
                    self.directory.group_ids().get(..end).unwrap_or_default(),
                    start,
                    size,
                )
            }
        };
        let written = ids.iter().map(|id| self.show_group(id));
        let written: Vec<Vec<u8>> = written.collect::<Outcome<_>>()?;
        Ok(self.write_page(total, start, size, &written))
    }

    /// Row 9: start (from 1) and size of the page.
    fn page(&self, query: &Query) -> Outcome<(usize, usize)> {
        let number = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(text) => text.trim().parse::<i64>().map(Some).map_err(|_| {
                Refusal::value(format!("{name}: a whole number is expected, found {text}."))
            }),
        };
        let start = number("startIndex")?.unwrap_or(1).max(1);
        let size = match number("count")? {
            None => self.knobs.default_count,
            Some(count) => usize::try_from(count.max(0)).unwrap_or(usize::MAX),
        };
        Ok((
            usize::try_from(start).unwrap_or(usize::MAX),
            size.min(self.knobs.page_cap),
        ))
    }

    /// How many of the ordered users lists can see: the newest may be hidden for a while.
    fn visible_users(&mut self) -> usize {
        let mut end = self.directory.user_ids().len();
        while self.knobs.visible_after_ms > 0 && end > 0 {
            let last = self.directory.user_ids().get(end - 1).copied();
            let created = last
                .and_then(|id| self.directory.user(&id))
                .map(|u| u.created);
            if created.is_none_or(|created| self.visible(created)) {
                break;
            }
            end -= 1;
        }
        end
    }

    fn visible_groups(&mut self) -> usize {
        let mut end = self.directory.group_ids().len();
        while self.knobs.visible_after_ms > 0 && end > 0 {
            let last = self.directory.group_ids().get(end - 1).copied();
            let created = last
                .and_then(|id| self.directory.group(&id))
                .map(|g| g.created);
            if created.is_none_or(|created| self.visible(created)) {
                break;
            }
            end -= 1;
        }
        end
    }

    fn filter_users(&self, text: &str) -> Outcome<Vec<Uuid>> {
        let wanted = filter::read(text, &["userName", "externalId"], self.knobs)?;
        let found: Vec<Uuid> = if wanted.attribute == "userName" {
            self.directory
                .holder_of_user_name(&wanted.value)
                .into_iter()
                .collect()
        } else {
            self.directory
                .holders_of_external_id(&wanted.value)
                .to_vec()
        };
        let exact = wanted.attribute == "userName" && !self.knobs.filters_fold_case;
        let fits = |id: &Uuid| {
            self.directory.user(id).is_some_and(|user| {
                self.visible(user.created) && (!exact || user.user_name() == wanted.value)
            })
        };
        Ok(found.into_iter().filter(fits).collect())
    }

    fn filter_groups(&self, text: &str) -> Outcome<Vec<Uuid>> {
        let wanted = filter::read(text, &["displayName"], self.knobs)?;
        let fits = |id: &Uuid| {
            self.directory.group(id).is_some_and(|group| {
                self.visible(group.created)
                    && (self.knobs.filters_fold_case || group.name == wanted.value)
            })
        };
        Ok(self
            .directory
            .group_named(&wanted.value)
            .into_iter()
            .filter(fits)
            .collect())
    }

    fn write_page(&self, total: usize, start: usize, size: usize, written: &[Vec<u8>]) -> Vec<u8> {
        let size = match self.knobs.items_per_page {
            ItemsPerPage::PageSize => size,
            ItemsPerPage::Returned => written.len(),
        };
        let omit = written.is_empty() && self.knobs.empty_list == EmptyList::Omitted;
        let mut out = Vec::with_capacity(200 + written.iter().map(|w| w.len() + 1).sum::<usize>());
        let head = format!(
            r#"{{"schemas":["{LIST_SCHEMA}"],"totalResults":{total},"startIndex":{start},"itemsPerPage":{size}"#
        );
        out.extend_from_slice(head.as_bytes());
        if !omit {
            out.extend_from_slice(br#","Resources":["#);
            for (at, resource) in written.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(resource);
            }
            out.push(b']');
        }
        out.push(b'}');
        out
    }
}

/// Total, and the ids of one page.
fn slice(ids: &[Uuid], start: usize, size: usize) -> (usize, Vec<Uuid>) {
    (
        ids.len(),
        ids.iter().skip(start - 1).take(size).copied().collect(),
    )
}
