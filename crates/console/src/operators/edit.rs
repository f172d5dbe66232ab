//! An account: made, changed, deleted.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use usher_admin_api::Api;
use usher_engine::access::{AccountDetails, AccountView, NewAccount, PASSWORD_LEAST};
use usher_engine::admin::{Permission, Role, role_name};

use super::{LIST, href, role_help, role_words};
use crate::account::mistakes;
use crate::form::{Control, Field, Form, Mistakes, Summed};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see_done};

#[derive(Template)]
#[template(path = "operators/edit.html")]
struct EditPage {
    frame: Frame,
    action: String,
    fields: Vec<Field>,
    roles: Vec<Field>,
    summary: Vec<Summed>,
    seen: i64,
    may: bool,
    is_new: bool,
}

fn role_field(role: Role) -> String {
    format!("role.{}", role_name(role))
}

fn frame(who: &SignedIn, title: &str) -> Frame {
    Frame::new(who, title)
        .crumb("System", "")
        .crumb("Operators", LIST)
}

fn details(form: &Form) -> AccountDetails {
    let text = |name: &str| form.text(name).trim().to_owned();
    let roles = Role::ALL.into_iter();
    let roles: BTreeSet<Role> = roles.filter(|role| form.has(&role_field(*role))).collect();
    AccountDetails {
        roles,
        auditor: form.has("auditor"),
        active: form.has("active"),
        description: text("description"),
        phone: text("phoneNumber"),
        email: text("emailAddress"),
        department: text("department"),
    }
}

fn details_of(account: &AccountView) -> AccountDetails {
    AccountDetails {
        roles: account.roles.clone(),
        auditor: account.auditor,
        active: account.active,
        description: account.description.clone(),
        phone: account.phone.clone(),
        email: account.email.clone(),
        department: account.department.clone(),
    }
}

fn fields(details: &AccountDetails) -> Vec<Field> {
    vec![
        Field::new("active", "Active", Control::Box)
            .ticked(details.active)
            .help("Whoever is not active cannot sign in; clearing it ends their sessions at once."),
        Field::text("description", "Description").value(&details.description),
        Field::text("phoneNumber", "Phone Number").value(&details.phone),
        Field::text("emailAddress", "Email Address").value(&details.email),
        Field::text("department", "Department").value(&details.department),
    ]
}

fn roles(details: &AccountDetails) -> Vec<Field> {
    let mut fields = vec![
        Field::new("auditor", "Auditor", Control::Box)
            .ticked(details.auditor)
            .help("Sees everything and changes nothing; excludes every role."),
    ];
    fields.extend(Role::ALL.map(|role| {
        Field::new(&role_field(role), role_words(role), Control::Box)
            .ticked(details.roles.contains(&role))
            .help(role_help(role))
    }));
    fields
}

/// What an account is made with beside its details.
fn credentials(name: &str) -> Vec<Field> {
    let secret = |name: &str, label: &str| Field::new(name, label, Control::Secret { kept: false });
    vec![
        Field::text("username", "Username")
            .value(name)
            .help("Letters, digits and . _ - @ +; it cannot be changed later.")
            .required(),
        secret("password", "Password")
            .help(format!(
                "{PASSWORD_LEAST} characters or more; they can change it themselves."
            ))
            .required(),
        secret("again", "The same password again").required(),
    ]
}

fn made(
    frame: Frame,
    action: String,
    (fields, roles): (Vec<Field>, Vec<Field>),
    wrong: &Mistakes,
) -> EditPage {
    let with = |fields: Vec<Field>| -> Vec<Field> {
        fields.into_iter().map(|field| field.wrong(wrong)).collect()
    };
    let (fields, roles) = (with(fields), with(roles));
    let all: Vec<&Field> = fields.iter().chain(&roles).collect();
    EditPage {
        frame,
        action,
        summary: wrong.summary(&all),
        fields,
        roles,
        seen: 0,
        may: true,
        is_new: false,
    }
}

fn new_page(who: &SignedIn, name: &str, details: &AccountDetails, wrong: &Mistakes) -> EditPage {
    let mut first = credentials(name);
    first.extend(fields(details));
    let frame = frame(who, "Create account");
    let action = format!("{LIST}/new");
    EditPage {
        is_new: true,
        ..made(frame, action, (first, roles(details)), wrong)
    }
}

pub(super) async fn new(who: SignedIn) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageOperators)?;
    let details = AccountDetails {
        active: true,
        ..AccountDetails::default()
    };
    page(&new_page(&who, "", &details, &Mistakes::default()))
}

pub(super) async fn make(
    State(api): State<Api>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageOperators)?;
    let name = form.text("username").trim();
    let details = details(&form);
    let mut wrong = Mistakes::default();
    if form.text("password") == form.text("again") {
        let account = NewAccount {
            name: name.to_owned(),
            password: form.text("password").to_owned(),
            details: details.clone(),
        };
        match api.access.add_account(&who.session.operator, account).await {
            Ok(_) => return Ok(see_done(LIST, Done::Created)),
            Err(error) => wrong = mistakes(error, "auditor")?,
        }
    } else {
        wrong.add(
            "again",
            "The two passwords differ: type the same one twice.",
        );
    }
    let made = new_page(&who, name, &details, &wrong);
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
}

fn edit_page(
    who: &SignedIn,
    account: &AccountView,
    details: &AccountDetails,
    wrong: &Mistakes,
) -> EditPage {
    let may = who.may(Permission::ManageOperators);
    let fixed = |fields: Vec<Field>| -> Vec<Field> {
        let fields = fields.into_iter();
        fields
            .map(|field| Field {
                fixed: !may,
                ..field
            })
            .collect()
    };
    let both = (fixed(fields(details)), fixed(roles(details)));
    let frame = frame(who, &account.name);
    EditPage {
        seen: account.modified_at,
        may,
        ..made(frame, href(&account.name), both, wrong)
    }
}

pub(super) async fn shown(
    State(api): State<Api>,
    who: SignedIn,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let account = api.access.account(&who.session.operator, &name).await?;
    let details = details_of(&account);
    page(&edit_page(&who, &account, &details, &Mistakes::default()))
}

pub(super) async fn save(
    State(api): State<Api>,
    Path(name): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageOperators)?;
    let operator = &who.session.operator;
    let account = api.access.account(operator, &name).await?;
    let mine = details(&form);
    if form.text("seen").parse() != Ok(account.modified_at) {
        return beside(&who, &account, &mine);
    }
    match api
        .access
        .update_account(operator, &name, mine.clone())
        .await
    {
        Ok(_) => Ok(see_done(LIST, Done::Saved)),
        Err(error) => {
            let wrong = mistakes(error, "auditor")?;
            let made = edit_page(&who, &account, &mine, &wrong);
            page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
        }
    }
}

/// Somebody else changed the account since it was opened: both sides.
fn beside(who: &SignedIn, account: &AccountView, mine: &AccountDetails) -> Result<Response, Fault> {
    let theirs = details_of(account);
    let none = Mistakes::default();
    let mut made = edit_page(who, account, mine, &none);
    let saved = edit_page(who, account, &theirs, &none);
    let pairs = made.fields.iter_mut().chain(&mut made.roles);
    let others = saved.fields.into_iter().chain(saved.roles);
    for (field, other) in pairs.zip(others) {
        if field.value != other.value {
            field.theirs = Some(match (&other.control, other.value.as_str()) {
                (Control::Box, "") => "not ticked".to_owned(),
                (Control::Box, _) => "ticked".to_owned(),
                (_, text) => text.to_owned(),
            });
        }
    }
    let lines = vec![
        "Somebody else changed this account since you opened it. Nothing was saved.".to_owned(),
        "What you chose is still here; beside each field that differs stands what is saved now. Saving again puts yours in its place.".to_owned(),
    ];
    made.frame = made.frame.notice(Notice::bad(lines));
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
}

#[derive(Template)]
#[template(path = "operators/delete.html")]
struct DeletePage {
    frame: Frame,
    name: String,
}

pub(super) async fn delete_shown(
    State(api): State<Api>,
    who: SignedIn,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageOperators)?;
    let account = api.access.account(&who.session.operator, &name).await?;
    page(&DeletePage {
        frame: frame(&who, "Delete this account?"),
        name: account.name,
    })
}

pub(super) async fn delete(
    State(api): State<Api>,
    Path(name): Path<String>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::ManageOperators)?;
    api.access
        .remove_account(&who.session.operator, &name)
        .await?;
    Ok(see_done(LIST, Done::Deleted))
}
