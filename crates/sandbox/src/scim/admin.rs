//! The organisation's admin API, as far as it repairs links (row 44, C.8).

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::dispatch::Call;
use super::error::{Outcome, Refusal, to_bytes};
use super::knobs::Knobs;
use super::model::{User, fold};
use super::reply::Reply;
use super::world::World;

pub(crate) fn call(
    world: &mut World,
    call: &Call,
    knobs: &Knobs,
    now: Timestamp,
    (org, rest): (&str, &[&str]),
) -> Outcome<Reply> {
    if call.authorization.is_none() {
        return Err(Refusal::failure(401, "missing authorization header"));
    }
    if call.token() != Some(world.org.admin_key.as_str()) {
        return Err(Refusal::failure(401, "invalid authorization"));
    }
    if org != world.org.id {
        return Err(Refusal::failure(403, "not authorized"));
    }
    match (call.method, rest) {
        ("GET", ["user", account, "get-scim-links"]) => Ok(links_of_account(world, account)),
        ("POST", ["get-scim-links-for-email"]) => links_for_email(world, call),
        ("PATCH", ["scimDirectoryId", directory, "scimUserId", user, "unlink"]) => {
            unlink(world, directory, user)
        }
        ("DELETE", ["user", account, "onlyDeleteUserInDB"]) => {
            only_delete(world, knobs, now, account)
        }
        _ => Err(Refusal::plain(
            404,
            format!("There is nothing at {}.", call.path),
        )),
    }
}

/// Links of the users that `fits` accepts. This scans: repairs are rare.
fn links(world: &World, fits: impl Fn(&User) -> bool) -> Vec<Value> {
    let mut links = Vec::new();
    for directory in &world.directories {
        for user in directory.all_users().filter(|u| !u.deleted && fits(u)) {
            links.push(json!({
                "scimUserId": user.id,
                "atlassianAccountId": user.account,
                "orgId": world.org.id,
                "directoryId": directory.id,
            }));
        }
    }
    links
}

fn json_reply(value: &Value) -> Reply {
    Reply::json(200, to_bytes(value), "application/json")
}

fn links_of_account(world: &World, account: &str) -> Reply {
    let links = links(world, |user| user.account.as_deref() == Some(account));
    json_reply(&Value::Array(links))
}

fn links_for_email(world: &World, call: &Call) -> Outcome<Reply> {
    let body = call.object()?;
    let Some(email) = body.get("email").and_then(Value::as_str) else {
        return Err(Refusal::value("email is required."));
    };
    let account = world.org.account_with_email(email).map(|a| a.id.clone());
    let links = links(world, |user| {
        fold(user.email()) == fold(email) || (account.is_some() && user.account == account)
    });
    Ok(json_reply(&json!({"scimLinks": links})))
}

fn unlink(world: &mut World, directory: &str, user: &str) -> Outcome<Reply> {
    let org = world.org.id.clone();
    let missing = || Refusal::missing("USER", user);
    let id = Uuid::try_parse(user).map_err(|_| missing())?;
    let found = world.directories.iter_mut().find(|d| d.id == directory);
    let found = found
        .filter(|d| d.user(&id).is_some())
        .ok_or_else(missing)?;
    if let Some(user) = found.user_mut(&id) {
        user.account = None;
    }
    Ok(json_reply(&json!({
        "scimUserId": id, "atlassianAccountId": null, "orgId": org, "directoryId": directory,
    })))
}

/// Deletes the records of a managed account in all directories; the account stays as it is.
fn only_delete(world: &mut World, knobs: &Knobs, now: Timestamp, account: &str) -> Outcome<Reply> {
    match world.org.account(account) {
        None => return Err(Refusal::missing("ACCOUNT", account)),
        Some(found) if !found.managed() => {
            return Err(Refusal::value(
                "Only records of managed accounts can be deleted.",
            ));
        }
        Some(_) => {}
    }
    let directories: Vec<String> = world.directories.iter().map(|d| d.id.clone()).collect();
    for directory in directories {
        let Some(mut desk) = world.desk(&directory, knobs, now) else {
            continue;
        };
        let linked = |u: &&User| !u.deleted && u.account.as_deref() == Some(account);
        let ids: Vec<Uuid> = desk
            .directory
            .all_users()
            .filter(linked)
            .map(|u| u.id)
            .collect();
        for id in ids {
            desk.leave_all_groups(&id);
            desk.directory.bury_user(&id);
        }
    }
    Ok(Reply::empty(204))
}
