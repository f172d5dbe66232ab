//! The story of one person.

use usher_directory::Dn;
use usher_engine::admin::Explanation;
use usher_sandbox::sample;

use super::super::stage::Stage;
use super::super::story::Story;
use super::prepare;
use crate::failure::Failure;
use crate::ui::{Table, short_json};

/// Exchanges that are shown.
const EXCHANGES: usize = 3;
/// Longest reply that is shown.
const REPLY: usize = 70;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("explain", "The story of one person");
    prepare(stage, story).await?;
    story.say(
        "Why is she in that group? Where does this value come from? What was sent, and what \
         happens next?",
    );
    story.command("explain ana.diaz");
    let session = stage.session().await?;
    let told = session.admin.explain(None, "ana.diaz").await?;
    who(story, &told);
    mapping(story, &told);
    groups(story, &told);
    exchanges(story, &told);
    story.ui.line("");
    story.show(format!("next: {}", told.next.what));
    story.ui.line("");
    let nested = told.groups.iter().find(|group| group.name == "all-staff");
    let way = nested.map(|group| group.via.len()).unwrap_or_default();
    story.expect(
        way == 3
            && told
                .groups
                .iter()
                .all(|group| group.present && group.desired),
        format!("the way into all-staff leads through {way} nested groups"),
    );
    story.expect(
        told.subject.dn == sample::ANA && !told.exchanges.is_empty() && !told.mapping.is_empty(),
        "values, groups and requests have their story",
    );
    Ok(())
}

fn who(story: &Story<'_>, told: &Explanation) {
    let id = told
        .subject
        .target_id
        .as_ref()
        .map_or("none", |id| id.as_str());
    story.show(&told.subject.dn);
    story.show(format!("key      {}", told.subject.key));
    story.show(format!("account  {id}, {}", told.subject.state.as_str()));
    story.show("scope");
    story.note(&told.scope);
}

fn mapping(story: &Story<'_>, told: &Explanation) {
    story.ui.line("");
    let mut table = Table::new(&["field", "from the directory", "sent as"]);
    for field in told.mapping.iter().filter(|field| field.result.is_some()) {
        let inputs = field.inputs.iter();
        let inputs: Vec<String> = inputs
            .map(|(name, values)| format!("{name}: {}", values.join(", ")))
            .collect();
        table.row([
            field.field.clone(),
            inputs.join("; "),
            field.result.clone().unwrap_or_default(),
        ]);
    }
    table.show(story.ui);
}

fn groups(story: &Story<'_>, told: &Explanation) {
    story.ui.line("");
    let mut table = Table::new(&["group", "way into it"]);
    for group in &told.groups {
        let way = if group.via.is_empty() {
            "direct member".to_owned()
        } else {
            format!(
                "through {}",
                group
                    .via
                    .iter()
                    .map(|dn| name(dn))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        table.row([group.name.clone(), way]);
    }
    table.show(story.ui);
}

/// The name in a DN.
fn name(dn: &str) -> String {
    let parsed = Dn::parse(dn).ok();
    let first = parsed.as_ref().and_then(|dn| dn.rdn()?.first_value_text());
    first.unwrap_or(dn).to_owned()
}

fn exchanges(story: &Story<'_>, told: &Explanation) {
    story.say("The last requests, newest first:");
    for record in told.exchanges.iter().take(EXCHANGES) {
        let text = |key: &str| {
            record
                .exchange
                .get(key)
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
        };
        story.ui.line("");
        let url = text("url");
        story.show(format!(
            "{} {}",
            text("method"),
            super::super::story::short_path(url)
        ));
        if let Some(request) = record
            .exchange
            .get("request")
            .filter(|body| !body.is_null())
        {
            story.body(&request.to_string());
        }
        let status = record.exchange.get("status").map(ToString::to_string);
        story.show(format!(
            "-> {} {}",
            status.unwrap_or_default(),
            short_json(text("reply"), REPLY)
        ));
    }
}
