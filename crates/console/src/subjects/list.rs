//! The list.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use usher_core::model::{ChannelId, Kind, SubjectState, Verdict};
use usher_engine::admin::LinkWanted;

use super::row::{self, Row};
use super::{LIST, channels};
use crate::form::Choice;
use crate::frame::{Fault, Frame, SignedIn, href, page};

/// People and groups on a page.
const EACH: u32 = 50;

/// What the address says.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    channel: String,
    kind: String,
    state: String,
    verdict: String,
    scope: String,
    after: String,
}

#[derive(Template)]
#[template(path = "subjects/list.html")]
struct ListPage {
    frame: Frame,
    wanted: Wanted,
    channels: Vec<Choice>,
    states: Vec<Choice>,
    verdicts: Vec<Choice>,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    filtered: bool,
}

pub(super) async fn shown(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let all = channels(&configuration);
    let channel = (!wanted.channel.is_empty()).then(|| ChannelId::new(&wanted.channel));
    let after = wanted.after.parse().ok();
    let (links, end) = who
        .admin
        .link_page(channel.as_ref(), &wanted.filter(), after, EACH)
        .await?;
    let next = end.map(|end| wanted.at(&end.to_string()));
    page(&ListPage {
        frame: Frame::new(&who, "People and groups"),
        channels: all.iter().map(|(id, name)| Choice::new(id, name)).collect(),
        states: choices(SubjectState::ALL, SubjectState::as_str, |one| {
            row::state(one).1
        }),
        verdicts: choices(Verdict::ALL, Verdict::as_str, |one| row::verdict(one).1),
        rows: links.iter().map(|link| Row::new(link, &all)).collect(),
        first: after.map(|_| wanted.at("")),
        next,
        filtered: wanted.is_filtered(),
        wanted,
    })
}

fn choices<T: Copy>(
    all: impl IntoIterator<Item = T>,
    value: impl Fn(T) -> &'static str,
    label: impl Fn(T) -> &'static str,
) -> Vec<Choice> {
    let all = all.into_iter();
    all.map(|one| Choice::new(value(one), label(one))).collect()
}

impl Wanted {
    fn filter(&self) -> LinkWanted {
        LinkWanted {
            kind: match self.kind.as_str() {
                "user" => Some(Kind::User),
                "group" => Some(Kind::Group),
                _ => None,
            },
            states: SubjectState::parse(&self.state).into_iter().collect(),
            verdicts: Verdict::parse(&self.verdict).into_iter().collect(),
            in_scope: match self.scope.as_str() {
                "in" => Some(true),
                "out" => Some(false),
                _ => None,
            },
            text: Some(self.q.trim().to_owned()).filter(|text| !text.is_empty()),
        }
    }

    fn pairs(&self) -> [(&str, &str); 6] {
        [
            ("q", &self.q),
            ("channel", &self.channel),
            ("kind", &self.kind),
            ("state", &self.state),
            ("verdict", &self.verdict),
            ("scope", &self.scope),
        ]
    }

    fn is_filtered(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    fn at(&self, after: &str) -> String {
        let mut pairs = self.pairs().to_vec();
        pairs.push(("after", after));
        href(LIST, &pairs)
    }
}
