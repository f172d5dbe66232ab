//! What the path of a PATCH points at (RFC 7644 §3.5.2).

use super::attributes::{CORE_USER, ENTERPRISE, Form, attribute, part};
use super::error::{Outcome, Refusal};
use super::filter::{self, Comparison};

/// What a path points at.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) filter: Option<Comparison>,
    pub(crate) sub: Option<&'static str>,
}

/// Reads a path; `None` if the schema does not know it, an error if it is no path at all.
pub(crate) fn target(path: &str) -> Outcome<Option<Target>> {
    let malformed = || Refusal::path(format!("Malformed path: {path}"));
    let enterprise = |rest: &str| -> Option<Target> {
        let form = attribute(ENTERPRISE)?.1;
        let Form::Complex(parts) = form else {
            return None;
        };
        let rest = rest.trim_start_matches([':', '.']);
        let sub = if rest.is_empty() {
            None
        } else {
            Some(part(parts, rest)?)
        };
        Some(Target {
            name: ENTERPRISE,
            form,
            filter: None,
            sub,
        })
    };
    if let Some(rest) = strip_prefix(path, ENTERPRISE) {
        return Ok(enterprise(rest));
    }
    let path = strip_prefix(path, CORE_USER).map_or(path, |rest| rest.trim_start_matches(':'));
    if path.eq_ignore_ascii_case("organization") || path.eq_ignore_ascii_case("department") {
        return Ok(enterprise(path));
    }
    if let Some((name, form)) = attribute(path) {
        return Ok(Some(Target {
            name,
            form,
            filter: None,
            sub: None,
        }));
    }
    let (name, filter, sub) = match path.split_once('[') {
        Some((name, rest)) => {
            let (inner, rest) = rest.rsplit_once(']').ok_or_else(malformed)?;
            let filter = filter::parse(inner).ok_or_else(malformed)?;
            let sub = match rest {
                "" => None,
                rest => Some(rest.strip_prefix('.').ok_or_else(malformed)?),
            };
            (name, Some(filter), sub)
        }
        None => match path.split_once('.') {
            Some((name, sub)) => (name, None, Some(sub)),
            None => return Ok(None),
        },
    };
    Ok(resolve(name, filter, sub))
}

fn resolve(name: &str, filter: Option<Comparison>, sub: Option<&str>) -> Option<Target> {
    let (name, form) = attribute(name)?;
    let parts = match form {
        Form::Complex(parts) if filter.is_none() => parts,
        Form::Multi(parts) => parts,
        Form::ReadOnly => {
            return Some(Target {
                name,
                form,
                filter: None,
                sub: None,
            });
        }
        Form::Complex(_) | Form::Text | Form::Boolean => return None,
    };
    let sub = match sub {
        Some(sub) => Some(part(parts, sub)?),
        None => None,
    };
    if let Some(filter) = &filter {
        part(parts, &filter.attribute)?;
    }
    Some(Target {
        name,
        form,
        filter,
        sub,
    })
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) {
        text.get(prefix.len()..)
    } else {
        None
    }
}
