//! The edit dialog of a mapped field, with a preview on entries of the directory.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use usher_core::descriptor::FieldDescriptor;
use usher_core::mapping::MappingProblem;
use usher_core::model::MappingRule;
use usher_engine::admin::{FieldSample, Permission};

use super::here::{self, Here, Page};
use super::mapping::{position, rules};
use super::specs::spec;
use crate::connections::draft::Body;
use crate::connections::tab::{self, Place, Sent};
use crate::connections::target::descriptor;
use crate::form::{self, Field, Form, Mistakes, Shape, Spec, Summed, at, set};
use crate::frame::{Done, Fault, Frame, Posted, Shown, SignedIn, page, page_as, see_done};

const EXPRESSION: &str = "expression";
/// Whose entry is tried.
const ENTRY: &str = "entry";

const SPECS: [Spec; 8] = [
    spec(
        "attributeNames",
        "Attributes",
        Shape::Lines,
        "Attributes of the directory, one on each line, such as givenName. More than one needs an expression.",
    ),
    spec(
        "defaultValue",
        "Default Value",
        Shape::Text,
        "Taken when the attributes are empty or the expression fails. It may be the whole mapping.",
    ),
    Spec {
        more: "Attributes go by their names, such as givenName ~ ' ' ~ sn; one with other characters by attr['cn;lang-de']. The language is described in docs/mapping-expressions.md.",
        ..spec(
            EXPRESSION,
            "Expression",
            Shape::Area,
            "Makes one value of the attributes above. Needed when there is more than one.",
        )
    },
    spec(
        "createOnly",
        "Create Only",
        Shape::Flag,
        "Sent when the account is made, never when it changes.",
    ),
    spec(
        "trim",
        "Trim",
        Shape::Flag,
        "White space at both ends is taken off.",
    ),
    spec(
        "characterCase",
        "Case",
        Shape::OneOf(&[("NONE", "None"), ("UPPER", "Upper"), ("LOWER", "Lower")]),
        "Letters are made upper or lower case.",
    ),
    spec(
        "parser",
        "Parsing",
        Shape::OneOf(&[
            ("NONE", "None"),
            ("EXTRACT_CN_FROM_DN", "Extract CN from DN"),
            (
                "EXTRACT_USERNAME_FROM_EMAIL",
                "Extract user name from e-mail",
            ),
        ]),
        "Takes a part of the value.",
    ),
    spec(
        "masked",
        "Mask Log Values",
        Shape::Flag,
        "The value is dots in every log, plan and page.",
    ),
];

/// What the preview found.
#[derive(Default)]
struct Tried {
    samples: Vec<FieldSample>,
    problems: Vec<String>,
}

#[derive(Template)]
#[template(path = "channel_tabs/edit.html")]
struct EditPage {
    frame: Frame,
    action: String,
    back: String,
    version: u64,
    descriptor: FieldDescriptor,
    fields: Vec<Field>,
    summary: Vec<Summed>,
    entry: Field,
    tried: Option<Tried>,
    may: bool,
}

fn field_of(who: &SignedIn, here: &Here, name: &str) -> Result<FieldDescriptor, Fault> {
    let field = descriptor(who, &here.draft)?.field(name).cloned();
    field.ok_or_else(|| Fault::missing(format!("The target has no field `{name}`.")))
}

/// The options of a field's rule, with what is so where it says nothing.
fn options(document: &Value, field: &str) -> Value {
    let rule = position(document, field).and_then(|place| rules(document).get(place));
    let info = rule.and_then(|rule| rule.get("saasFieldInfo"));
    let mut info = info.cloned().unwrap_or_else(|| json!({}));
    for name in ["characterCase", "parser"] {
        if at(&info, name).is_none() {
            set(&mut info, name, Some(Value::from("NONE")));
        }
    }
    info
}

fn made(
    who: &SignedIn,
    here: &Here,
    name: &str,
    shown: Vec<Field>,
    mistakes: &Mistakes,
) -> Result<EditPage, Fault> {
    let may = who.may(Permission::Configure);
    let may_express = who.may(Permission::EditExpressions);
    let fields: Vec<Field> = shown
        .into_iter()
        .map(|mut field| {
            field.fixed = !may || (field.name == EXPRESSION && !may_express);
            if may && field.fixed {
                field
                    .help
                    .push_str(" Changing it needs the role Expression Administrator.");
            }
            field
        })
        .collect();
    let all: Vec<&Field> = fields.iter().collect();
    let descriptor = field_of(who, here, name)?;
    let action = format!("{}/{name}", here.href(Page::Mapping));
    Ok(EditPage {
        frame: here::frame(who, here, Page::Mapping)?,
        back: here.href(Page::Mapping),
        version: here.draft.version,
        summary: mistakes.summary(&all),
        fields,
        entry: Field::text(ENTRY, "Preview on the entry")
            .help("A DN of the directory. Left empty: the first people in scope."),
        tried: None,
        action,
        descriptor,
        may,
    })
}

pub(super) async fn shown(
    who: SignedIn,
    Path((id, n, name)): Path<(String, String, String)>,
) -> Result<Response, Fault> {
    let here = Here::open(&who, &id, &n).await?;
    let options = options(&here.channel()?.document, &name);
    let none = Mistakes::default();
    let fields = form::show(&SPECS, &options, &none);
    page(&made(&who, &here, &name, fields, &none)?)
}

/// Puts what was sent into the rule of a field; a rule that maps nothing goes.
fn put_rule(document: &mut Value, field: &str, form: &Form, may_express: bool) {
    let mut info = options(document, field);
    for spec in SPECS
        .iter()
        .filter(|spec| may_express || spec.path != EXPRESSION)
    {
        spec.take(form, &mut info);
    }
    let place = position(document, field);
    let is_mapped = at(&info, "attributeNames[0]").is_some()
        || at(&info, "defaultValue").is_some()
        || at(&info, EXPRESSION).is_some();
    let at_place = |place: usize| format!("attributeMapping[{place}]");
    let rule = json!({"fieldName": field, "saasFieldInfo": info});
    match (place, is_mapped) {
        (Some(place), true) => set(document, &at_place(place), Some(rule)),
        (Some(place), false) => set(document, &at_place(place), None),
        (None, true) => {
            let end = rules(document).len();
            set(document, &at_place(end), Some(rule));
        }
        (None, false) => {}
    }
}

pub(super) async fn keep(
    Path((id, n, name)): Path<(String, String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let before = Here::open(&who, &id, &n).await?;
    field_of(&who, &before, &name)?;
    let (index, may_express) = (before.n, who.may(Permission::EditExpressions));
    let put = |body: &mut Body, form: &Form| {
        if let Some(channel) = body.channels.get_mut(index) {
            put_rule(&mut channel.document, &name, form, may_express);
        }
    };
    let here = match tab::keep(&who, &id, (Place::Channel(index), &[]), &form, put).await? {
        Sent::Kept(draft) => Here::of(draft, &n)?,
        Sent::Beside { theirs, notice, .. } => {
            let theirs = Here::of(*theirs, &n)?;
            let saved = theirs.channel()?.document.clone();
            let mut mine = saved.clone();
            put_rule(&mut mine, &name, &form, may_express);
            let (mine, saved) = (options(&mine, &name), options(&saved, &name));
            let fields = form::show_beside(&SPECS, &mine, &saved);
            let mut made = made(&who, &theirs, &name, fields, &Mistakes::default())?;
            made.frame = made.frame.notice(notice);
            return page_as(tab::BESIDE, &made);
        }
    };
    let mistakes = wrong(&who, &here, &name).await?;
    if !mistakes.is_empty() {
        let options = options(&here.channel()?.document, &name);
        let fields = form::show(&SPECS, &options, &mistakes);
        let made = made(&who, &here, &name, fields, &mistakes)?;
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
    }
    Ok(see_done(&here.href(Page::Mapping), Done::Kept))
}

/// What is wrong with the rule of a field, at the names of its options.
async fn wrong(who: &SignedIn, here: &Here, name: &str) -> Result<Mistakes, Fault> {
    let Some(place) = position(&here.channel()?.document, name) else {
        return Ok(Mistakes::default());
    };
    let path = format!("attributeMapping[{place}]");
    let mistakes = here.judge(who).await.among(&[&path]);
    Ok(mistakes.renamed(|field| {
        let rest = field.strip_prefix(&path).unwrap_or(field);
        let rest = rest.strip_prefix(".saasFieldInfo").unwrap_or(rest);
        rest.trim_start_matches('.').to_owned()
    }))
}

/// What the rule as it is typed makes of real entries. Nothing is kept.
pub(super) async fn preview(
    Path((id, n, name)): Path<(String, String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let mut here = Here::open(&who, &id, &n).await?;
    let may_express = who.may(Permission::EditExpressions);
    let version = form.text("version").parse().unwrap_or(here.draft.version);
    if let Some(channel) = here.draft.body.channels.get_mut(here.n) {
        put_rule(&mut channel.document, &name, &form, may_express);
    }
    let options = options(&here.channel()?.document, &name);
    let none = Mistakes::default();
    let mut made = made(
        &who,
        &here,
        &name,
        form::show(&SPECS, &options, &none),
        &none,
    )?;
    // What was typed belongs to the draft that the page was opened with.
    made.version = version;
    form.text(ENTRY).clone_into(&mut made.entry.value);
    let entry = Some(form.text(ENTRY).trim()).filter(|dn| !dn.is_empty());
    made.tried = Some(tried(&who, &here, &name, entry).await?);
    page(&made)
}

async fn tried(
    who: &SignedIn,
    here: &Here,
    name: &str,
    entry: Option<&str>,
) -> Result<Tried, Fault> {
    let told = |problems: Vec<String>| Tried {
        problems,
        ..Tried::default()
    };
    let (configuration, id, mistakes) = here.sketch(who).await?;
    let places = [
        Page::Source.places(),
        Page::Settings.places(),
        Page::Location.places(),
    ];
    if !mistakes.among(&places.concat()).is_empty() {
        let words = "The directory cannot be read yet: mend Source, Source Settings and Source Location first.";
        return Ok(told(vec![words.to_owned()]));
    }
    let rule = configuration.channel(&id).and_then(|(_, channel)| {
        let mut rules = channel.mapping.iter();
        rules.find(|rule| rule.field == name).cloned()
    });
    let Some(rule) = rule else {
        return Ok(told(vec!["Nothing is mapped to this field.".to_owned()]));
    };
    Ok(match ask(who, &configuration, &id, &rule, entry).await {
        Ok(Ok(samples)) if samples.is_empty() => told(vec!["There is no such entry.".to_owned()]),
        Ok(Ok(samples)) => Tried {
            samples,
            ..Tried::default()
        },
        Ok(Err(problems)) => told(problems.iter().map(placed).collect()),
        Err(why) => told(vec![why]),
    })
}

type Asked = Result<Vec<FieldSample>, Vec<MappingProblem>>;

async fn ask(
    who: &SignedIn,
    configuration: &usher_core::model::Configuration,
    id: &usher_core::model::ChannelId,
    rule: &MappingRule,
    entry: Option<&str>,
) -> Result<Asked, String> {
    let asked = who.admin.preview_field(configuration, id, rule, entry);
    let answered = Box::pin(who.admin.patient(asked)).await;
    let answered = answered.map_err(|why| why.to_string())?;
    answered.map_err(|error| error.to_string())
}

/// A problem with its place in the expression.
fn placed(problem: &MappingProblem) -> String {
    match (problem.line, problem.column) {
        (Some(line), Some(column)) => {
            format!("Line {line}, column {column}: {}", problem.message)
        }
        (Some(line), None) => format!("Line {line}: {}", problem.message),
        _ => problem.message.clone(),
    }
}
