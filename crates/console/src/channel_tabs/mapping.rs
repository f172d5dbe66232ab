//! Attribute Mapping: the fields of the target, where each comes from, and what the mapping makes of everybody in scope.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use usher_core::descriptor::FieldDescriptor;
use usher_engine::admin::{FieldCount, Permission, Survey};

use super::here::{self, Here, Page, onward};
use super::summary::from;
use crate::connections::steps::goes_on;
use crate::connections::target::descriptor;
use crate::form::{Mistakes, Summed, at};
use crate::frame::text::number;
use crate::frame::{Fault, Frame, Notice, Posted, Shown, SignedIn, page, page_as};

/// A field of the target.
struct Row {
    field: FieldDescriptor,
    from: String,
    create_only: bool,
    masked: bool,
    href: String,
    wrong: Vec<String>,
    count: Option<FieldCount>,
}

#[derive(Template)]
#[template(path = "channel_tabs/mapping.html")]
struct MappingPage {
    frame: Frame,
    action: String,
    version: u64,
    rows: Vec<Row>,
    summary: Vec<Summed>,
    /// What came of running the mapping over the whole scope.
    survey: Option<Survey>,
    may: bool,
}

/// The rules of a channel's document.
pub(super) fn rules(document: &Value) -> &[Value] {
    let rules = at(document, "attributeMapping").and_then(Value::as_array);
    rules.map(Vec::as_slice).unwrap_or_default()
}

/// The place of a field's rule.
pub(super) fn position(document: &Value, field: &str) -> Option<usize> {
    let mut all = rules(document).iter();
    all.position(|rule| rule.get("fieldName").and_then(Value::as_str) == Some(field))
}

fn made(
    who: &SignedIn,
    here: &Here,
    mistakes: &Mistakes,
    survey: Option<Survey>,
) -> Result<MappingPage, Fault> {
    let document = &here.channel()?.document;
    let flag = |rule: Option<&Value>, name: &str| {
        let value = rule
            .and_then(|rule| at(rule, name))
            .and_then(Value::as_bool);
        value == Some(true)
    };
    let row = |field: &FieldDescriptor| {
        let place = position(document, &field.name);
        let rule = place.and_then(|place| rules(document).get(place));
        let counts = survey.as_ref().map(|survey| survey.fields.iter());
        Row {
            from: rule.map(from).unwrap_or_default(),
            create_only: flag(rule, "saasFieldInfo.createOnly"),
            masked: flag(rule, "saasFieldInfo.masked"),
            href: format!("{}/{}", here.href(Page::Mapping), field.name),
            wrong: place
                .map(|place| mistakes.of(&format!("attributeMapping[{place}]")))
                .unwrap_or_default(),
            count: counts.and_then(|mut all| all.find(|one| one.field == field.name).cloned()),
            field: field.clone(),
        }
    };
    let rows: Vec<Row> = descriptor(who, &here.draft)?
        .fields
        .iter()
        .map(row)
        .collect();
    Ok(MappingPage {
        frame: here::frame(who, here, Page::Mapping)?,
        action: here.href(Page::Mapping),
        version: here.draft.version,
        summary: summary(document, &rows, mistakes),
        rows,
        survey,
        may: who.may(Permission::Configure),
    })
}

/// The mistakes with links to the rows that they are about.
fn summary(document: &Value, rows: &[Row], mistakes: &Mistakes) -> Vec<Summed> {
    let mut all = mistakes.summary(&[]);
    for one in &mut all {
        let place = one.label.strip_prefix("attributeMapping[");
        let place = place.and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
        let rule = place.and_then(|place| rules(document).get(place));
        let name = rule.and_then(|rule| rule.get("fieldName")?.as_str());
        let row = rows
            .iter()
            .find(|row| Some(row.field.name.as_str()) == name);
        match (row, one.label.as_str()) {
            (Some(row), _) => {
                one.label.clone_from(&row.field.label);
                one.anchor = format!("map-{}", row.field.name);
            }
            (None, "attributeMapping") => one.label.clear(),
            (None, _) => {}
        }
    }
    all
}

pub(super) async fn shown(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let here = Here::open(&who, &id, &n).await?;
    page(&made(&who, &here, &Mistakes::default(), None)?)
}

pub(super) async fn keep(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let here = Here::open(&who, &id, &n).await?;
    if form.text("go") == "run" {
        return run(&who, &here).await;
    }
    if goes_on(&form) {
        let mistakes = here.judge(&who).await.among(Page::Mapping.places());
        if !mistakes.is_empty() {
            let made = made(&who, &here, &mistakes, None)?;
            return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
        }
    }
    Ok(onward(&form, &here, Page::Mapping))
}

/// Runs the mapping over everybody in scope.
async fn run(who: &SignedIn, here: &Here) -> Result<Response, Fault> {
    let (configuration, id, mistakes) = here.sketch(who).await?;
    let places = [
        Page::Source.places(),
        Page::Settings.places(),
        Page::Location.places(),
        Page::Mapping.places(),
    ];
    let mistakes = mistakes.among(&places.concat());
    if !mistakes.is_empty() {
        let made = made(who, here, &mistakes, None)?;
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
    }
    let asked = who.admin.survey(&configuration, &id, true);
    let why = match Box::pin(who.admin.patient(asked)).await {
        Ok(Ok(survey)) => return page(&made(who, here, &mistakes, Some(survey))?),
        Ok(Err(error)) => error.to_string(),
        Err(why) => why.to_string(),
    };
    let mut made = made(who, here, &mistakes, None)?;
    made.frame = made.frame.notice(Notice::bad(vec![why]));
    page_as(StatusCode::BAD_GATEWAY, &made)
}

#[derive(Template)]
#[template(path = "channel_tabs/specifications.html")]
struct SpecificationsPage {
    frame: Frame,
    fields: Vec<FieldDescriptor>,
    back: String,
}

/// View Partner Field Specifications.
pub(super) async fn specifications(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let here = Here::open(&who, &id, &n).await?;
    page(&SpecificationsPage {
        frame: here::frame(&who, &here, Page::Mapping)?,
        fields: descriptor(&who, &here.draft)?.fields.clone(),
        back: here.href(Page::Mapping),
    })
}
