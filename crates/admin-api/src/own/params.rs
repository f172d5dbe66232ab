//! The parameters of an address: every problem at once, unknown names included.

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::page;
use super::problem::{Fault, Problem};
use crate::Api;

/// Most items of a page.
pub(crate) const LIMIT: u32 = 500;
/// Items of a page when nothing is said.
const USUAL: u32 = 100;
/// Longest text to look for.
const TEXT: usize = 200;

/// The parameters that were given, and what was found wrong with them so far.
pub(crate) struct Params {
    given: Vec<(String, String)>,
    known: BTreeSet<&'static str>,
    faults: Vec<Fault>,
}

impl FromRequestParts<Api> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let given = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(given) = given.map_err(|_| refused(vec![]))?;
        Ok(Self {
            given,
            known: BTreeSet::new(),
            faults: Vec::new(),
        })
    }
}

impl Params {
    /// One text.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        let values = self.values(name);
        if values.len() > 1 {
            self.fault(name, "expected once, found several times".to_owned());
        }
        let text = values.into_iter().next().filter(|text| !text.is_empty())?;
        if text.chars().count() > TEXT {
            self.fault(name, format!("expected at most {TEXT} characters"));
            return None;
        }
        Some(text)
    }

    /// A text that must be given.
    pub(crate) fn required(&mut self, name: &'static str) -> String {
        let text = self.text(name);
        if text.is_none()
            && !self
                .faults
                .iter()
                .any(|f| f.parameter.as_deref() == Some(name))
        {
            self.fault(name, "expected a value, found none".to_owned());
        }
        text.unwrap_or_default()
    }

    /// Several words of a list, given as `name=a,b` or `name=a&name=b`.
    pub(crate) fn several<T>(
        &mut self,
        name: &'static str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        let given = self.values(name);
        for word in given.iter().flat_map(|text| text.split(',')) {
            match parse(word) {
                Some(value) => found.push(value),
                None => self.fault(
                    name,
                    format!("expected one of {}, found `{word}`", words.join(", ")),
                ),
            }
        }
        found
    }

    /// One word of a list.
    pub(crate) fn one<T>(
        &mut self,
        name: &'static str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            let expected = words.join(", ");
            self.fault(name, format!("expected one of {expected}, found `{text}`"));
        }
        value
    }

    /// A positive number.
    pub(crate) fn number(&mut self, name: &'static str) -> Option<i64> {
        let text = self.text(name)?;
        let value = text.parse().ok().filter(|number| *number > 0);
        if value.is_none() {
            self.fault(name, format!("expected a positive number, found `{text}`"));
        }
        value
    }

    /// How many items a page may have.
    pub(crate) fn limit(&mut self) -> u32 {
        let Some(text) = self.text("limit") else {
            return USUAL;
        };
        let limit = text.parse().ok().filter(|n| (1..=LIMIT).contains(n));
        limit.unwrap_or_else(|| {
            let detail = format!("expected a number from 1 to {LIMIT}, found `{text}`");
            self.fault("limit", detail);
            USUAL
        })
    }

    /// Where the page before ended, in this list.
    pub(crate) fn cursor(&mut self, list: &str) -> Option<i64> {
        let text = self.text("cursor")?;
        let at = page::read(list, &text);
        if at.is_none() {
            let detail = "expected `next` of the page before, of the same list, as it was given";
            self.fault("cursor", detail.to_owned());
        }
        at
    }

    /// Something that is wrong with a parameter's meaning.
    pub(crate) fn fault(&mut self, name: &str, detail: String) {
        self.faults.push(Fault::parameter(name, detail));
    }

    /// Ends the reading: what was not asked for is unknown.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        let unknown: BTreeSet<String> = self
            .given
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !self.known.contains(name.as_str()))
            .collect();
        for name in unknown {
            let known: Vec<&str> = self.known.iter().copied().collect();
            let known = if known.is_empty() {
                "none here".to_owned()
            } else {
                known.join(", ")
            };
            self.fault(
                &name,
                format!("there is no such parameter; there is {known}"),
            );
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(refused(self.faults))
        }
    }

    fn values(&mut self, name: &'static str) -> Vec<String> {
        self.known.insert(name);
        let of = self.given.iter().filter(|(given, _)| given == name);
        of.map(|(_, value)| value.clone()).collect()
    }
}

fn refused(faults: Vec<Fault>) -> Problem {
    let detail = match faults.as_slice() {
        [] => "the parameters of the address cannot be read".to_owned(),
        [one] => format!(
            "{}: {}",
            one.parameter.as_deref().unwrap_or_default(),
            one.detail
        ),
        more => format!("{} parameters are wrong; see `errors`", more.len()),
    };
    Problem::new(StatusCode::BAD_REQUEST, "invalid_parameters", detail).errors(faults)
}
