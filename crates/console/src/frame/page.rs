//! A page: what stands around the screens.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};

use super::fault::Fault;
use super::nav::{self, Area};
use super::who::SignedIn;

/// What is told at the top of a page.
pub(crate) struct Notice {
    /// `good`, `warn` or `bad`.
    pub(crate) tone: &'static str,
    /// What happened; one line each.
    pub(crate) lines: Vec<String>,
}

impl Notice {
    pub(crate) fn good(text: impl Into<String>) -> Self {
        Self {
            tone: "good",
            lines: vec![text.into()],
        }
    }

    pub(crate) fn warn(lines: Vec<String>) -> Self {
        Self {
            tone: "warn",
            lines,
        }
    }

    pub(crate) fn bad(lines: Vec<String>) -> Self {
        Self { tone: "bad", lines }
    }

    /// What the tone is called where colour does not reach.
    pub(crate) fn word(&self) -> &'static str {
        match self.tone {
            "good" => "Done",
            "warn" => "Look",
            _ => "Not done",
        }
    }
}

/// Where a page stands: the way from the menu.
pub(crate) struct Crumb {
    pub(crate) label: String,
    pub(crate) href: String,
}

impl Crumb {
    pub(crate) fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
        }
    }
}

/// A tab of a page with several; each has its own address.
pub(crate) struct Tab {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) here: bool,
}

/// What stands around a screen.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) crumbs: Vec<Crumb>,
    pub(crate) tabs: Vec<Tab>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) areas: Vec<Area>,
    /// Who is signed in.
    pub(crate) operator: Option<String>,
    /// Travels with every form.
    pub(crate) csrf: String,
    /// Seconds after which the page is shown anew where there are no scripts; none by default.
    pub(crate) refresh: Option<u32>,
}

impl Frame {
    /// Around a screen for somebody who is signed in.
    pub(crate) fn new(who: &SignedIn, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            crumbs: Vec::new(),
            tabs: Vec::new(),
            notices: who
                .done
                .and_then(done)
                .map(Notice::good)
                .into_iter()
                .collect(),
            areas: nav::areas(&who.session.operator, &who.path),
            operator: Some(who.session.operator.name.clone()),
            csrf: who.session.csrf.reveal().to_owned(),
            refresh: None,
        }
    }

    /// Around a screen for whoever comes.
    pub(crate) fn open(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            crumbs: Vec::new(),
            tabs: Vec::new(),
            notices: Vec::new(),
            areas: Vec::new(),
            operator: None,
            csrf: String::new(),
            refresh: None,
        }
    }

    #[must_use]
    pub(crate) fn crumb(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push(Crumb::new(label, href));
        self
    }

    #[must_use]
    pub(crate) fn tabs(mut self, tabs: Vec<Tab>) -> Self {
        self.tabs = tabs;
        self
    }

    #[must_use]
    pub(crate) fn notice(mut self, notice: Notice) -> Self {
        if !notice.lines.is_empty() {
            self.notices.push(notice);
        }
        self
    }
}

/// What was done by the request before: the page that shows it says so. Only words of ours come out, whatever an
/// address says.
fn done(what: Done) -> Option<&'static str> {
    Some(match what {
        Done::Saved => "Saved.",
        Done::Kept => {
            "Kept as a draft. Nothing runs with it before it is saved on Activation and Summary."
        }
        Done::Read => "The file was read.",
        Done::Created => "Created.",
        Done::Deleted => "Deleted.",
        Done::Discarded => "The draft is discarded.",
        Done::Decided => "Decided.",
        Done::Started => "Started.",
        Done::Retried => "It will be sent again.",
        Done::Provisioned => "Read again and sent. The time line says what came of it.",
        Done::Unknown => return None,
    })
}

/// What was done by the request before, as the address of the page says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    Saved,
    Kept,
    Read,
    Created,
    Deleted,
    Discarded,
    Decided,
    Started,
    Retried,
    Provisioned,
    #[serde(other)]
    Unknown,
}

/// After something was done: the page at that address, which says it.
pub(crate) fn see_done(address: &str, what: Done) -> Response {
    let word = match what {
        Done::Saved => "saved",
        Done::Kept => "kept",
        Done::Read => "read",
        Done::Created => "created",
        Done::Deleted => "deleted",
        Done::Discarded => "discarded",
        Done::Decided => "decided",
        Done::Started => "started",
        Done::Retried => "retried",
        Done::Provisioned => "provisioned",
        Done::Unknown => return see(address),
    };
    let mark = if address.contains('?') { '&' } else { '?' };
    see(&format!("{address}{mark}done={word}"))
}

/// A page with 200.
pub(crate) fn page(template: &impl Template) -> Result<Response, Fault> {
    page_as(StatusCode::OK, template)
}

/// A page with another status.
pub(crate) fn page_as(status: StatusCode, template: &impl Template) -> Result<Response, Fault> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be made");
        Fault::defect()
    })?;
    Ok((status, Html(text)).into_response())
}

/// After something was done: the page that shows it (303), so that going back or loading anew repeats nothing.
pub(crate) fn see(address: &str) -> Response {
    Redirect::to(address).into_response()
}
