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
        ui.line(format!("    {} {hold}", ui.yellow("held:")));
    }
    for (field, before, after) in step.changes.iter().take(FIELDS) {
        ui.line(format!(
            "    {field}: {}",
            change(before.as_ref(), after.as_ref())
        ));
    }
    if step.changes.len() > FIELDS {
        ui.line(format!(
            "    ... and {} more fields",
            step.changes.len() - FIELDS
        ));
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
