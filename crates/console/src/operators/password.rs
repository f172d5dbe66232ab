//! A new password for somebody.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use usher_admin_api::Api;
use usher_engine::access::PASSWORD_LEAST;
use usher_engine::admin::Permission;

use super::LIST;
use crate::account::mistakes;
use crate::form::{Control, Field, Mistakes, Summed};
use crate::frame::{Fault, Frame, Notice, Posted, SignedIn, page, page_as};

#[derive(Template)]
#[template(path = "operators/password.html")]
struct PasswordPage {
    frame: Frame,
    name: String,
    fields: Vec<Field>,
    summary: Vec<Summed>,
    /// One that was drawn: shown this once.
    drawn: Option<String>,
    done: bool,
}

fn made(who: &SignedIn, name: &str, wrong: &Mistakes) -> PasswordPage {
    let secret = |name: &str, label: &str| Field::new(name, label, Control::Secret { kept: false });
    let fields: Vec<Field> = [
        secret("newPassword", "New password").help(format!(
            "{PASSWORD_LEAST} characters or more. Left empty, one is drawn and shown once."
        )),
        secret("again", "The same password again"),
    ]
    .into_iter()
    .map(|field| field.wrong(wrong))
    .collect();
    let all: Vec<&Field> = fields.iter().collect();
    PasswordPage {
        frame: Frame::new(who, format!("Reset the password of {name}"))
            .crumb("System", "")
            .crumb("Operators", LIST),
        name: name.to_owned(),
        summary: wrong.summary(&all),
        fields,
        drawn: None,
        done: false,
    }
}

pub(super) async fn shown(
    State(api): State<Api>,
    who: SignedIn,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageOperators)?;
    let account = api.access.account(&who.session.operator, &name).await?;
    page(&made(&who, &account.name, &Mistakes::default()))
}

pub(super) async fn reset(
    State(api): State<Api>,
    Path(name): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageOperators)?;
    let typed = form.text("newPassword");
    let mut wrong = Mistakes::default();
    if typed == form.text("again") {
        let drawn = typed.is_empty().then(|| uuid::Uuid::new_v4().to_string());
        let password = drawn.as_deref().unwrap_or(typed);
        let operator = &who.session.operator;
        match api.access.reset_password(operator, &name, password).await {
            Ok(()) => {
                let done = "The password is set. Their sessions have ended, and their API tokens are revoked.";
                let mut made = made(&who, &name, &wrong);
                made.frame = made.frame.notice(Notice::good(done));
                return page(&PasswordPage {
                    drawn,
                    done: true,
                    ..made
                });
            }
            Err(error) => wrong = mistakes(error, "")?,
        }
    } else {
        wrong.add(
            "again",
            "The two passwords differ: type the same one twice.",
        );
    }
    let made = made(&who, &name, &wrong);
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
}
