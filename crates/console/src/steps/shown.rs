//! One step, whole.

use askama::Template;
use usher_core::model::StepState;
use usher_engine::admin::{StepSample, StepView};

use super::words::{State, hold_words, kind_words, state, verb_words};
use crate::frame::text::{BODY, Shown};
use crate::frame::when::When;

struct Change {
    field: Shown,
    before: Option<Shown>,
    after: Option<Shown>,
}

struct Sent {
    method: String,
    path: Shown,
    /// Masked values are dots.
    body: Option<Shown>,
}

/// Everything about a step but what was exchanged.
#[derive(Template)]
#[template(path = "steps/shown.html")]
pub(crate) struct StepShown {
    verb: &'static str,
    kind: &'static str,
    who: Shown,
    dn: Shown,
    key: Shown,
    reason: Shown,
    state: State,
    held: Option<&'static str>,
    waits: Option<Shown>,
    until: Option<When>,
    attempts: Option<u32>,
    planned: Option<When>,
    changed: Option<When>,
    changes: Vec<Change>,
    request: Option<Sent>,
}

impl StepShown {
    /// A step.
    pub(crate) fn of(step: &StepView) -> Self {
        let (held, until) = match &step.state {
            StepState::Held { hold } => (Some(hold_words(hold.name())), None),
            StepState::Waiting { until, .. } => (None, Some(When::at(*until))),
            _ => (None, None),
        };
        let mut shown = Self::sample(&step.sample);
        if let StepState::Replan { reason } = &step.state {
            shown.waits = Some(Shown::value(reason));
        }
        Self {
            state: state(step.state.name()),
            held,
            until,
            attempts: Some(step.attempts),
            planned: Some(When::at(step.created_at)),
            changed: Some(When::at(step.changed_at)),
            ..shown
        }
    }

    /// What is told of a step where only that is known.
    pub(crate) fn sample(sample: &StepSample) -> Self {
        let change = |(field, from, to): &(String, Option<String>, Option<String>)| Change {
            field: Shown::name(field),
            before: from.as_deref().map(Shown::value),
            after: to.as_deref().map(Shown::value),
        };
        let request = sample.request.as_ref().map(|request| Sent {
            method: request.method.clone(),
            path: Shown::value(&request.path),
            body: request.shown.as_ref().map(|body| {
                let text = serde_json::to_string_pretty(body).unwrap_or_default();
                Shown::lines(&text, BODY)
            }),
        });
        Self {
            verb: verb_words(sample.verb),
            kind: kind_words(sample.kind),
            who: Shown::name(&sample.display),
            dn: Shown::value(&sample.dn),
            key: Shown::value(&sample.key),
            reason: Shown::value(&sample.reason),
            state: state(&sample.state),
            held: None,
            waits: sample.hold.as_deref().map(Shown::value),
            until: None,
            attempts: None,
            planned: None,
            changed: None,
            changes: sample.changes.iter().map(change).collect(),
            request,
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_core::model::{Kind, Verb};
    use usher_engine::admin::StepSample;

    use super::StepShown;

    #[test]
    fn what_a_directory_holds_is_text_and_a_missing_value_is_said() {
        let step = StepSample {
            id: 7,
            verb: Verb::Update,
            kind: Kind::User,
            dn: "uid=<b>x</b>,dc=example".to_owned(),
            display: "<script>1</script>".to_owned(),
            key: "k".to_owned(),
            reason: "mapped values differ".to_owned(),
            state: "held".into(),
            hold: Some("a limit".to_owned()),
            changes: vec![("title".to_owned(), None, Some("a\u{202e}b".to_owned()))],
            request: None,
        };
        let html = StepShown::sample(&step).to_string();
        assert!(
            !html.contains("<script>") && !html.contains("<b>x") && !html.contains('\u{202e}'),
            "{html}"
        );
        assert!(html.contains("Held") && html.contains("a limit"), "{html}");
        assert!(html.contains("nothing</span></td><td>"), "{html}");
        assert!(html.contains("Nothing is sent for this step."), "{html}");
    }
}
