//! Connection Template: the kind of target, and the metadata file that says who it is.

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use usher_core::model::{Configuration, Millis};
use usher_metadata::ServiceProvider;

use super::draft::{Body, Draft, MetadataNote};
use super::steps::{self, Step};
use super::tab::{self, Place, Sent};
use crate::form::{Choice, Control, Field, File, Form, Mistakes, Summed, set};
use crate::frame::{Done, Fault, Frame, Posted, SignedIn, page, page_as, see_done};

#[derive(Template)]
#[template(path = "connections/template.html")]
struct TemplatePage {
    frame: Frame,
    usage: Field,
    template: Field,
    file: Field,
    /// Service providers of the file to choose from, if there are several.
    several: Option<Field>,
    /// The metadata files of the templates.
    files: Vec<(String, &'static str)>,
    note: Option<MetadataNote>,
    summary: Vec<Summed>,
    action: String,
    version: u64,
    previous: bool,
}

fn made(
    who: &SignedIn,
    draft: &Draft,
    entities: &[ServiceProvider],
    wrong: &Mistakes,
) -> TemplatePage {
    let descriptors = who.admin.engine.connectors.descriptors();
    let choices = descriptors
        .iter()
        .map(|one| Choice::new(&one.id, &one.name));
    let usage = Control::Radio(vec![
        Choice::new("false", "Do not use a template for this connection"),
        Choice::new("true", "Use a template for this connection"),
    ]);
    let used = draft.body.template.map(|used| used.to_string());
    let usage = Field::new("usage", "Template", usage)
        .value(used.unwrap_or_default())
        .wrong(wrong);
    let template = Field::new(
        "template",
        "Connection Template",
        Control::Select(choices.collect()),
    )
    .value(draft.body.connector())
    .help("The kind of target that people are provisioned to.")
    .wrong(wrong);
    let file = Field::new("file", "Choose File", Control::File)
        .help("The metadata file of the target. It fills in the connection's id and name; without it they are typed on General Info.")
        .more("Any SAML 2.0 metadata of a service provider can be read, up to 1 MiB. Only who the partner is is taken from it.")
        .wrong(wrong);
    let several = (entities.len() > 1).then(|| {
        let choices = entities
            .iter()
            .map(|one| Choice::new(&one.entity_id, &one.entity_id));
        Field::new(
            "entity",
            "Service provider",
            Control::Select(choices.collect()),
        )
        .help("The file describes several. Choose one, choose the file again, and open it.")
        .wrong(wrong)
    });
    let files = descriptors
        .iter()
        .filter_map(|one| Some((one.id.clone(), one.metadata?.name)));
    TemplatePage {
        frame: steps::frame(who, draft, Step::Template),
        summary: wrong.summary(&[&usage, &template, &file]),
        usage,
        template,
        file,
        several,
        files: files.collect(),
        note: draft.body.metadata.clone(),
        action: draft.href(Step::Template.slug()),
        version: draft.version,
        previous: steps::has_previous(draft, Step::Template),
    }
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    page(&made(&who, &draft, &[], &Mistakes::default()))
}

pub(super) async fn keep(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let now = who.admin.engine.clock.now();
    let descriptors = who.admin.engine.connectors.descriptors();
    let known = descriptors
        .iter()
        .any(|one| one.id == form.text("template"));
    let read = form
        .file("file")
        .map(|file| (file, usher_metadata::read(&file.bytes)));
    let chosen = match &read {
        Some((file, Ok(found))) => choose(found, form.text("entity")).map(|one| (*file, one)),
        Some((_, Err(_))) | None => None,
    };
    let put = |body: &mut Body, form: &Form| {
        body.template = form.get("usage").map(|used| used == "true");
        body.provisions = body.provisions || body.template == Some(true);
        if known {
            let kind = Value::from(form.text("template"));
            set(&mut body.document, "outboundProvision.type", Some(kind));
        }
        if let Some((file, provider)) = chosen {
            fill(body, &configuration, file, provider, now);
        }
    };
    let draft = match tab::keep(&who, &id, (Place::Connection, &[]), &form, put).await? {
        Sent::Kept(draft) => draft,
        Sent::Beside { theirs, notice, .. } => {
            let mut made = made(&who, &theirs, &[], &Mistakes::default());
            made.frame = made.frame.notice(notice);
            return page_as(tab::BESIDE, &made);
        }
    };
    let mut wrong = Mistakes::default();
    let mut entities: &[ServiceProvider] = &[];
    match &read {
        Some((file, Err(error))) => wrong.add("file", format!("{}: {error}", file.name)),
        Some((_, Ok(found))) if chosen.is_none() => {
            wrong.add(
                "file",
                format!("it describes {} service providers", found.len()),
            );
            entities = found;
        }
        Some(_) => {}
        None if form.text("go") == "open" => {
            wrong.add("file", "expected a file, found none chosen");
        }
        None => {}
    }
    if steps::goes_on(&form) {
        if draft.body.template.is_none() {
            wrong.add(
                "usage",
                "expected one of the two to be chosen, found neither",
            );
        }
        if draft.body.template == Some(true) && draft.body.connector().is_empty() {
            wrong.add("template", "expected a template, found none chosen");
        }
    }
    if !wrong.is_empty() {
        let made = made(&who, &draft, entities, &wrong);
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
    }
    if form.text("go") == "open" {
        return Ok(see_done(&draft.href(Step::Template.slug()), Done::Read));
    }
    Ok(steps::onward(&form, &draft, Step::Template))
}

/// The only one, or the one that was chosen.
fn choose<'f>(found: &'f [ServiceProvider], id: &str) -> Option<&'f ServiceProvider> {
    match found {
        [only] => Some(only),
        several => several.iter().find(|one| one.entity_id == id),
    }
}

/// Takes over who the partner is. An id or a name that another connection has gets a number, which can be changed.
fn fill(
    body: &mut Body,
    configuration: &Configuration,
    file: &File,
    provider: &ServiceProvider,
    now: Millis,
) {
    let own = body
        .document
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let others: Vec<_> = configuration
        .sp_connections
        .iter()
        .filter(|sp| sp.id.as_str() != own)
        .collect();
    let ids: Vec<&str> = others.iter().map(|sp| sp.entity_id.as_str()).collect();
    let names: Vec<&str> = others.iter().map(|sp| sp.name.as_str()).collect();
    let is_placeholder = provider.entity_id.contains(usher_pf::PLACEHOLDER);
    let id = free(
        &provider.entity_id.replace(usher_pf::PLACEHOLDER, "1"),
        &ids,
        "-",
    );
    let mut said = vec![format!("Connection ID: {id}")];
    if is_placeholder || id != provider.entity_id {
        said.push(format!(
            "The file's id `{}` is a placeholder or in use, so a free one is proposed; it can be changed on General Info.",
            provider.entity_id
        ));
    }
    set(&mut body.document, "entityId", Some(Value::from(id)));
    if let Some(name) = &provider.name {
        let name = free(name, &names, " ");
        said.push(format!("Connection Name: {name}"));
        set(&mut body.document, "name", Some(Value::from(name)));
    }
    if let Some(company) = &provider.company {
        set(
            &mut body.document,
            "contactInfo.company",
            Some(Value::from(company.as_str())),
        );
    }
    if let Some(until) = &provider.valid_until
        && is_past(until, now)
    {
        said.push(format!("The file was valid until {until}. It is used all the same; ask the partner for a newer one."));
    }
    body.metadata = Some(MetadataNote {
        file: file.name.clone(),
        said,
    });
}

/// The text itself, or with the first number that makes it one that nobody has.
fn free(text: &str, taken: &[&str], between: &str) -> String {
    let is_taken = |text: &str| {
        taken
            .iter()
            .any(|one| one.to_lowercase() == text.to_lowercase())
    };
    if !is_taken(text) {
        return text.to_owned();
    }
    let numbered = (2..).map(|number: u32| format!("{text}{between}{number}"));
    numbered
        .into_iter()
        .find(|text| !is_taken(text))
        .unwrap_or_default()
}

/// Compares by the day, as texts: both are written largest unit first.
fn is_past(until: &str, now: Millis) -> bool {
    let today = usher_pf::date(now);
    match (until.get(..10), today.get(..10)) {
        (Some(until), Some(today)) => until < today,
        _ => false,
    }
}

/// The metadata file of a template.
pub(super) async fn metadata(who: SignedIn, Path(name): Path<String>) -> Result<Response, Fault> {
    let descriptors = who.admin.engine.connectors.descriptors();
    let mut files = descriptors.iter().filter_map(|one| one.metadata);
    let file = files.find(|file| file.name == name);
    let file =
        file.ok_or_else(|| Fault::missing(format!("There is no metadata file `{name}`.")))?;
    let mut response = file.text.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/samlmetadata+xml");
    headers.insert(header::CONTENT_TYPE, kind);
    let saved = format!("attachment; filename=\"{}\"", file.name);
    if let Ok(saved) = HeaderValue::from_str(&saved) {
        headers.insert(header::CONTENT_DISPOSITION, saved);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::{free, is_past};

    #[test]
    fn a_free_name_is_the_text_itself_or_the_first_number_after_it() {
        assert_eq!(free("a", &[], "-"), "a");
        assert_eq!(free("a", &["A", "a-2"], "-"), "a-3");
    }

    #[test]
    fn what_was_valid_until_yesterday_is_past() {
        let now = 1_790_000_000_000;
        assert!(is_past("2026-09-20T23:00:00Z", now));
        assert!(!is_past("2026-09-21T00:00:00Z", now));
        assert!(!is_past("soon", now));
    }
}
