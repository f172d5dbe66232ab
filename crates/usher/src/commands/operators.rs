//! `usher operators`

use std::io::{BufRead as _, IsTerminal as _};

use serde_json::json;
use usher_engine::access::{Access as Doors, AccessError, AccountDetails, AccountView, NewAccount};
use usher_engine::admin::{Role, role_name};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Table, when};

/// List the people who run Usher, add or remove one, set roles or a new password, or make the first link
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A password is asked for, or read from the first line of standard input; it is never an argument.
Works beside a running service, and takes effect there at once.

Examples:
  usher operators                             who is there
  usher operators add ana --role administrator --role user-administrator
  usher operators set-roles ana --auditor     only looks from now on
  usher operators reset-password ana          a forgotten password; ends every wait and session
  usher operators remove ana
  usher operators link                        for the first operator, while there is none")]
pub(crate) struct Args {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// List them
    List,
    /// Add one
    Add {
        /// The name to sign in with
        name: String,
        #[command(flatten)]
        roles: Roles,
        /// What the account is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
        /// An e-mail address
        #[arg(long, value_name = "ADDRESS", default_value = "")]
        email: String,
    },
    /// Replace the roles of one; without any, the account may do nothing
    SetRoles {
        /// Whose
        name: String,
        #[command(flatten)]
        roles: Roles,
    },
    /// Set a new password; sessions end, API tokens are revoked
    ResetPassword {
        /// Whose
        name: String,
    },
    /// Remove one, with sessions and API tokens
    Remove {
        /// Whom
        name: String,
    },
    /// Print a link for the first operator: works once, for a day; the one before ends
    Link,
}

#[derive(Debug, clap::Args)]
struct Roles {
    /// administrator, user-administrator, crypto-administrator or expression-administrator; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    roles: Vec<Role>,
    /// Only looks; excludes roles
    #[arg(long, conflicts_with = "roles")]
    auditor: bool,
}

fn role(text: &str) -> Result<Role, String> {
    let wanted = text.replace('-', "_");
    Role::ALL
        .into_iter()
        .find(|role| role_name(*role).eq_ignore_ascii_case(&wanted))
        .ok_or_else(|| {
            let names: Vec<String> = Role::ALL
                .map(|role| role_name(role).to_lowercase().replace('_', "-"))
                .into();
            format!("expected one of {}", names.join(", "))
        })
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Keyless).await?;
    let doors = Doors::new(&session.admin.engine);
    let acting = &session.admin.operator;
    let ui = context.ui;
    match args.act.unwrap_or(Act::List) {
        Act::List => list(&doors.accounts(acting).await?, context),
        Act::Add {
            name,
            roles,
            description,
            email,
        } => {
            let new = NewAccount {
                password: password(&name)?,
                name,
                details: AccountDetails {
                    roles: roles.roles.into_iter().collect(),
                    auditor: roles.auditor,
                    active: true,
                    description,
                    email,
                    ..AccountDetails::default()
                },
            };
            let view = doors.add_account(acting, new).await?;
            ui.json(&view);
            ui.line(format!("Added {}: {}.", view.name, may(&view)));
        }
        Act::SetRoles { name, roles } => {
            let now = doors.account(acting, &name).await?;
            let details = AccountDetails {
                roles: roles.roles.into_iter().collect(),
                auditor: roles.auditor,
                active: now.active,
                description: now.description,
                phone: now.phone,
                email: now.email,
                department: now.department,
            };
            let view = doors.update_account(acting, &name, details).await?;
            ui.json(&view);
            ui.line(format!("{} has now: {}.", view.name, may(&view)));
        }
        Act::ResetPassword { name } => {
            let name = doors.account(acting, &name).await?.name;
            doors
                .reset_password(acting, &name, &password(&name)?)
                .await?;
            ui.json(&doors.account(acting, &name).await?);
            ui.line(format!(
                "{name} has a new password. Sessions ended, API tokens are revoked, failures to sign in are forgotten."
            ));
        }
        Act::Remove { name } => {
            let view = doors.account(acting, &name).await?;
            doors.remove_account(acting, &name).await?;
            ui.json(&view);
            ui.line(format!("Removed {}.", view.name));
        }
        Act::Link => {
            let link = doors.first_link(acting).await?;
            ui.json(&json!({"link": link.reveal(), "valid_hours": 24}));
            ui.line(format!(
                "First link, for one use within a day: {}",
                link.reveal()
            ));
            ui.line("Make the first operator with it: open `/first-run` of the service in a browser and enter it there, or send it with POST /api/v1/first-run as `link`, with `name` and `password`; or without it: `usher operators add NAME`.");
        }
    }
    Ok(Exit::Done)
}

fn list(accounts: &[AccountView], context: &Context<'_>) {
    let ui = context.ui;
    ui.json(accounts);
    let mut table = Table::new(&[
        "name",
        "may",
        "active",
        "waits until",
        "e-mail",
        "description",
    ]);
    for account in accounts {
        table.row([
            account.name.clone(),
            may(account),
            if account.active { "yes" } else { "NO" }.to_owned(),
            if account.locked_until == 0 {
                String::new()
            } else {
                when(account.locked_until)
            },
            account.email.clone(),
            account.description.clone(),
        ]);
    }
    if table.is_empty() {
        ui.line("There is no operator yet: `usher operators link` or `usher operators add NAME`.");
    } else {
        table.show(ui);
    }
}

fn may(account: &AccountView) -> String {
    if account.auditor {
        return "auditor".to_owned();
    }
    let names: Vec<&str> = account.roles.iter().map(|role| role_name(*role)).collect();
    if names.is_empty() {
        "no role".to_owned()
    } else {
        names.join(", ")
    }
}

/// Asks for a new password without showing it, twice; or takes the first line of standard input.
fn password(name: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::refused(format!("the password cannot be read: {error}"))
            .help("give it as the first line of standard input")
    };
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(failed)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let term = console::Term::stderr();
    let ask = |prompt: &str| {
        term.write_str(prompt).map_err(failed)?;
        term.read_secure_line().map_err(failed)
    };
    let first = ask(&format!("New password for {name}: "))?;
    let second = ask("Once more: ")?;
    if first == second {
        Ok(first)
    } else {
        Err(Failure::refused(
            "the two passwords differ; nothing was done",
        ))
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Engine(error) => error.into(),
            other => Self::refused(other.to_string()),
        }
    }
}
