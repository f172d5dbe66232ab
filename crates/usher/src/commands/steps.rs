//! Steps as people see them: whom, why, what changes, the very request.

use usher_engine::admin::StepSample;

use crate::ui::{Ui, request_lines, verb};

/// Fields that one step shows at most.
const FIELDS: usize = 12;

/// One step with everything about it.
pub(crate) fn show(ui: &Ui, step: &StepSample) {
    let what = verb(step.verb, step.kind);
    let id = ui.dim(&format!("step {}", step.id));
    ui.line(format!("  {} {}  {id}", ui.bold(&what), name(step)));
    if step.dn != name(step) {
        ui.line(format!("    {}", ui.dim(&step.dn)));
    }
    ui.line(format!("    why: {}", step.reason));
    if let Some(hold) = &step.hold {
        let label = match step.state.as_ref() {
            "parked" => "parked:",
            "waiting" => "failed, will be tried again:",
            _ => "held:",
        };
        ui.line(format!("    {} {hold}", ui.yellow(label)));
    }
    // What is new stands in the request.
    let is_new = |(_, before, _): &(String, Option<String>, Option<String>)| before.is_none();
    let shown = if step.request.is_some() && step.changes.iter().all(is_new) {
        &[]
    } else {
        step.changes.as_slice()
    };
    for (field, before, after) in shown.iter().take(FIELDS) {
        ui.line(format!(
            "    {field}: {}",
            change(before.as_ref(), after.as_ref())
        ));
    }
    if shown.len() > FIELDS {
        ui.line(format!("    ... and {} more fields", shown.len() - FIELDS));
    }
    match &step.request {
        Some(request) => {
            for line in request_lines(request) {
                ui.line(format!("    {} {line}", ui.blue(">")));
            }
        }
        None => ui.line(format!("    {}", ui.dim("nothing is sent"))),
    }
}

/// One line: number, what, whom, why it waits.
pub(crate) fn line(step: &StepSample, why: &str) -> [String; 4] {
    [
        step.id.to_string(),
        verb(step.verb, step.kind),
        name(step).to_owned(),
        why.to_owned(),
    ]
}

fn name(step: &StepSample) -> &str {
    if step.display.is_empty() {
        &step.dn
    } else {
        &step.display
    }
}

fn change(before: Option<&String>, after: Option<&String>) -> String {
    match (before, after) {
        (None, Some(after)) => after.clone(),
        (Some(before), None) => format!("{before} -> (cleared)"),
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (None, None) => "(empty)".to_owned(),
    }
}
