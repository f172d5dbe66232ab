//! Verification: one cheap request, and what each part of its answer proves.

use usher_connector::{Check, CheckOutcome, Failure, TargetError};
use usher_core::model::Kind;
use usher_scim::ListPage;

use crate::classify::Purpose;
use crate::client::Answer;
use crate::http::Limits;
use crate::target::ScimTarget;

/// Asks for one user. The checks are: address, reached, key, answer; those after a failure are left out.
pub(crate) async fn run(target: &ScimTarget) -> Vec<Check> {
    let mut checks = vec![check(
        "address",
        CheckOutcome::Good,
        format!(
            "{} (identity {})",
            target.address.as_str(),
            target.address.identity()
        ),
    )];
    let answer = match ask(target).await {
        Ok(answer) => answer,
        Err(error) => {
            failed(&mut checks, &error);
            return checks;
        }
    };
    reached(&mut checks, answer.exchange.duration_ms);
    checks.extend(answered(&answer));
    checks
}

/// What a good status proves.
fn answered(answer: &Answer) -> Vec<Check> {
    if answer.is_page() {
        let detail = "the service answered with a web page; the base URL leads somewhere else, or a proxy answers in its place";
        return vec![check("answer", CheckOutcome::Failed, detail.to_owned())];
    }
    vec![
        check("key", CheckOutcome::Good, "accepted".to_owned()),
        judge(answer.bytes()),
    ]
}

/// The request that proves address and key.
async fn ask(target: &ScimTarget) -> Result<Answer, TargetError> {
    let query = [("count", "1")];
    target
        .get(Kind::User, &["Users"], &query, Limits::SMALL, Purpose::List)
        .await
}

/// Asks for one user; an answer that is no list counts as a wrong address.
pub(crate) async fn verify(target: &ScimTarget) -> Result<(), TargetError> {
    let answer = ask(target).await?;
    let failed = answered(&answer)
        .into_iter()
        .find(|check| check.outcome == CheckOutcome::Failed);
    match failed {
        Some(check) => Err(TargetError::new(Failure::StopTarget, check.detail)),
        None => Ok(()),
    }
}

/// Whether an answer is a list that can be relied on: how many there are, and one of them if there are any (one was asked for).
fn judge(body: &[u8]) -> Check {
    let judged = match ListPage::parse(body) {
        Err(error) => Err(error.to_string()),
        Ok(page) => match page.total {
            None => Err("the list's `totalResults` is no number".to_owned()),
            Some(total) if total > 0 && page.resources.is_empty() => Err(format!(
                "the list says that there are {total} users, and holds none, although one was asked for"
            )),
            Some(total) => Ok(total),
        },
    };
    match judged {
        Ok(total) => check(
            "answer",
            CheckOutcome::Good,
            format!("a SCIM list; {total} users at the target"),
        ),
        Err(why) => check(
            "answer",
            CheckOutcome::Failed,
            format!("{why}; the base URL leads to something that is no SCIM service"),
        ),
    }
}

fn failed(checks: &mut Vec<Check>, error: &TargetError) {
    let replied = error.exchange.as_ref().and_then(|exchange| exchange.status);
    let message = error.message.clone();
    let Some(status) = replied else {
        checks.push(check("reached", CheckOutcome::Failed, message));
        return;
    };
    reached(
        checks,
        error
            .exchange
            .as_ref()
            .map_or(0, |exchange| exchange.duration_ms),
    );
    let name = if matches!(status, 401 | 403) {
        "key"
    } else {
        "answer"
    };
    let message = match (&error.failure, status) {
        (Failure::StopTarget, 404 | 410) => {
            format!(
                "{message}; no such directory: correct the base URL, or the directory was deleted"
            )
        }
        (Failure::StopTarget, _) => message,
        _ => format!("{message}; this may pass, try again"),
    };
    checks.push(check(name, CheckOutcome::Failed, message));
}

fn reached(checks: &mut Vec<Check>, duration_ms: u64) {
    checks.push(check(
        "reached",
        CheckOutcome::Good,
        format!("answered in {duration_ms} ms"),
    ));
}

fn check(name: &str, outcome: CheckOutcome, detail: String) -> Check {
    Check {
        name: name.to_owned(),
        outcome,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use usher_connector::CheckOutcome::{Failed, Good};

    use super::judge;

    #[test]
    fn a_list_that_does_not_say_how_many_or_does_not_show_them_fails() {
        for (body, outcome) in [
            (r#"{"totalResults": 0}"#, Good),
            (r#"{"totalResults": 0, "Resources": []}"#, Good),
            (r#"{"totalResults": 9, "Resources": [{"id": "1"}]}"#, Good),
            (r#"{"totalResults": 9, "Resources": []}"#, Failed),
            (r#"{"totalResults": 9}"#, Failed),
            (r#"{"totalResults": 1, "Resources": [7]}"#, Failed),
            (r#"{"totalResults": "many", "Resources": []}"#, Failed),
            (r#"{"totalResults": -1, "Resources": []}"#, Failed),
            (r#"{"totalResults": null, "Resources": []}"#, Failed),
            (r#"{"Resources": []}"#, Failed),
            ("[]", Failed),
            ("", Failed),
        ] {
            let found = judge(body.as_bytes());
            assert_eq!(found.outcome, outcome, "{body}: {}", found.detail);
        }
    }
}
