//! From a request to a reply: keys, routes, media types (rows 1 to 6, 37 to 39).

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::admin;
use super::desk::Desk;
use super::discovery;
use super::error::{Outcome, Refusal, to_bytes};
use super::knobs::{ForeignDirectory, InvalidKey, Knobs, UnknownDirectory};
use super::query::{Query, decode};
use super::reply::{Reply, media_type};
use super::view::Projection;
use super::world::World;

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'static str,
    /// Path without query, as sent.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

impl Call<'_> {
    /// The bearer token.
    pub(crate) fn token(&self) -> Option<&str> {
        let (scheme, token) = self.authorization?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    pub(crate) fn object(&self) -> Outcome<Map<String, Value>> {
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Refusal::syntax(
                "Invalid payload: a JSON object is expected.",
            )),
            Err(error) => Err(Refusal::syntax(format!("Invalid payload: {error}"))),
        }
    }
}

/// Carries out a request.
pub(crate) fn dispatch(world: &mut World, call: &Call, knobs: &Knobs, now: Timestamp) -> Reply {
    world.org.settle(now);
    let segments: Vec<String> = call
        .path
        .split('/')
        .filter(|s| !s.is_empty())
        .map(|s| decode(s, false))
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let outcome = match segments.as_slice() {
        ["scim", "directory", directory, rest @ ..] => {
            let rest = match rest {
                ["scim", rest @ ..] if knobs.extra_scim_segment => rest,
                rest => rest,
            };
            scim(world, call, knobs, now, directory, rest)
        }
        ["admin", "user-provisioning", "v1", "org", org, rest @ ..] => {
            admin::call(world, call, knobs, now, (org, rest))
        }
        _ => Err(Refusal::plain(404, "There is nothing at this path.")),
    };
    world.org.settle(now);
    match outcome {
        Ok(reply) => {
            world.dirty |= call.method != "GET";
            reply
        }
        Err(refusal) => {
            world.dirty |= call.method != "GET"; // A refused PATCH may have left something behind.
            let trace = match refusal {
                Refusal::Failure { .. } => world.trace_id(),
                Refusal::Scim { .. } | Refusal::Java { .. } => String::new(),
            };
            Reply::refusal(&refusal, &trace, media_type(knobs.media))
        }
    }
}

/// Rows 1 to 4 and 45.
fn check_key(
    world: &World,
    call: &Call,
    knobs: &Knobs,
    now: Timestamp,
    directory: &str,
) -> Outcome<()> {
    if call.authorization.is_none() {
        return Err(Refusal::failure(401, "missing authorization header"));
    }
    let holder = call.token().and_then(|token| {
        world
            .directories
            .iter()
            .find(|d| d.key == token && now < d.key_expires)
    });
    let Some(holder) = holder else {
        return Err(match knobs.invalid_key {
            InvalidKey::Unauthorized => Refusal::failure(401, "invalid authorization"),
            InvalidKey::Forbidden => Refusal::failure(403, "not authorized"),
        });
    };
    if holder.id == directory {
        return Ok(());
    }
    let not_found = || {
        Refusal::plain(
            404,
            format!("Resource [DIRECTORY]: with id[{directory}] not found."),
        )
    };
    let exists = world.directories.iter().any(|d| d.id == directory);
    Err(
        match (exists, knobs.foreign_directory, knobs.unknown_directory) {
            (true, ForeignDirectory::Forbidden, _) | (false, _, UnknownDirectory::Forbidden) => {
                Refusal::failure(403, "not authorized")
            }
            (true, ForeignDirectory::Unauthorized, _) => {
                Refusal::failure(401, "invalid authorization")
            }
            (true, ForeignDirectory::NotFound, _) | (false, _, UnknownDirectory::NotFound) => {
                not_found()
            }
        },
    )
}

fn scim(
    world: &mut World,
    call: &Call,
    knobs: &Knobs,
    now: Timestamp,
    directory: &str,
    rest: &[&str],
) -> Outcome<Reply> {
    check_key(world, call, knobs, now, directory)?;
    let Some(mut desk) = world.desk(directory, knobs, now) else {
        return Err(Refusal::plain(404, "The directory does not exist."));
    };
    let media = media_type(knobs.media);
    match rest {
        ["Users", rest @ ..] => users(&mut desk, call, rest, media),
        ["Groups", rest @ ..] => groups(&mut desk, call, rest, media),
        rest => {
            let found = discovery::document(&desk.directory.base_url, rest, knobs.resource_types);
            match found {
                Some(document) if call.method == "GET" => {
                    Ok(Reply::json(200, to_bytes(&document), media))
                }
                Some(_) => Err(not_allowed(call)),
                None => Err(nothing_here(call)),
            }
        }
    }
}

fn not_allowed(call: &Call) -> Refusal {
    Refusal::plain(405, format!("Method {} is not allowed here.", call.method))
}

fn nothing_here(call: &Call) -> Refusal {
    Refusal::plain(404, format!("There is nothing at {}.", call.path))
}

fn users(desk: &mut Desk, call: &Call, rest: &[&str], media: &'static str) -> Outcome<Reply> {
    let query = Query::read(call.query);
    let (id, status) = match (call.method, rest) {
        ("GET", []) => return Ok(Reply::json(200, desk.list_users(&query)?, media)),
        ("POST", []) => {
            let projection = desk.projection(&query)?;
            let id = desk.create_user(&call.object()?)?;
            let mut reply = Reply::json(201, desk.show_user(&id, &projection)?, media);
            reply.location = Some(format!("{}/Users/{id}", desk.directory.base_url));
            return Ok(reply);
        }
        (_, []) => return Err(not_allowed(call)),
        ("GET", [id]) => (desk.find_user(id)?, 200),
        ("PUT", [id]) => {
            let id = desk.find_user(id)?;
            desk.projection(&query)?;
            desk.replace_user(&id, &call.object()?)?;
            (id, 200)
        }
        ("PATCH", [id]) => {
            let id = desk.find_user(id)?;
            desk.projection(&query)?;
            desk.patch_user(&id, &call.object()?)?;
            (id, 200)
        }
        ("DELETE", [id]) => {
            let id = desk.find_user(id)?;
            desk.delete_user(&id)?;
            return Ok(Reply::empty(204));
        }
        (_, [_]) => return Err(not_allowed(call)),
        _ => return Err(nothing_here(call)),
    };
    let projection: Projection = desk.projection(&query)?;
    Ok(Reply::json(
        status,
        desk.show_user(&id, &projection)?,
        media,
    ))
}

fn groups(desk: &mut Desk, call: &Call, rest: &[&str], media: &'static str) -> Outcome<Reply> {
    let query = Query::read(call.query);
    let id = match (call.method, rest) {
        ("GET", []) => return Ok(Reply::json(200, desk.list_groups(&query)?, media)),
        ("POST", []) => {
            let id = desk.create_group(&call.object()?)?;
            let mut reply = Reply::json(201, desk.show_group(&id)?, media);
            reply.location = Some(format!("{}/Groups/{id}", desk.directory.base_url));
            return Ok(reply);
        }
        (_, []) => return Err(not_allowed(call)),
        ("GET", [id]) => desk.find_group(id)?,
        ("PUT", [id]) => {
            let id = desk.find_group(id)?;
            desk.replace_group(&id, &call.object()?)?;
            id
        }
        ("PATCH", [id]) => {
            let id = desk.find_group(id)?;
            desk.patch_group(&id, &call.object()?)?;
            id
        }
        ("DELETE", [id]) => {
            let id = desk.find_group(id)?;
            desk.delete_group(&id)?;
            return Ok(Reply::empty(204));
        }
        (_, [_]) => return Err(not_allowed(call)),
        _ => return Err(nothing_here(call)),
    };
    Ok(Reply::json(200, desk.show_group(&id)?, media))
}
