//! What stands beside a channel: its policy and its name. Each change says which version it was made
//! from.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use usher_core::model::{Channel, ChannelId, Configuration, Policy};
use usher_engine::admin::{Admin, Permission};

use super::Caller;
use super::etag::{IfMatch, Tagged};
use super::given::Given;
use super::openapi::{Group, Takes, get, put};
use super::place::Place;
use super::problem::{Fault, Problem};
use super::saved::saved;

pub(super) fn group() -> Group {
    let example = serde_json::to_value(Policy::default()).unwrap_or_default();
    Group::new("Policies", "What the published shape cannot say of a channel")
        .add(
            get("/channels/{channel}/policy", "getPolicy", "The policy, with its version as ETag")
                .answers(200, "The policy", "Policy"),
            policy,
        )
        .add(
            put("/channels/{channel}/policy", "setPolicy", "Replace the policy")
                .help("The whole policy: what is left out gets its default. A change of what is in scope or protected plans the whole channel anew at its next full read; removals that it causes are held.")
                .tagged()
                .takes(Takes::Body(json!("PolicyToSet"), example))
                .answers(200, "The policy as it is now", "Policy"),
            set_policy,
        )
        .add(
            get("/channels/{channel}/name", "getName", "The name, with its version as ETag")
                .answers_as(200, "The name", json!({"name": "string"})),
            name,
        )
        .add(
            put("/channels/{channel}/name", "rename", "Give the channel another name; its links stay")
                .tagged()
                .takes(Takes::Body(json!({"name": "string"}), json!({"name": "staff"})))
                .answers_as(200, "The name as it is now", json!({"name": "string"})),
            rename,
        )
        .shape("Limit", json!({"at_least": "integer", "percent": "number", "at_most?": "integer?"}))
        .shape("Protected", json!({"dns?": ["string"], "names?": ["string"], "filter?": "string?"}))
        .shape("Guards", guards_shape(false))
        .shape("GuardsToSet", guards_shape(true))
        .shape("Policy", policy_shape(false))
        .shape("PolicyToSet", policy_shape(true))
}

fn optional(shape: Value, all: bool) -> Value {
    let Value::Object(map) = shape else {
        return shape;
    };
    let named = map.into_iter().map(|(key, value)| {
        let name = if all { format!("{key}?") } else { key };
        (name, value)
    });
    Value::Object(named.collect())
}

fn guards_shape(partly: bool) -> Value {
    let shape = json!({
        "removals_by_absence": "Limit", "removals_by_evidence": "Limit",
        "enables": "Limit", "user_deletes": "Limit",
        "container_people": "integer", "container_percent": "number", "members_lost": "Limit",
        "emptied_group_size": "integer", "members_gained": "Limit", "creates": "Limit",
        "attribute_changed": "Limit", "attribute_cleared": "Limit", "identity_changed": "Limit",
        "shrunk_percent": "number",
    });
    optional(shape, partly)
}

fn policy_shape(partly: bool) -> Value {
    let shape = json!({
        "guards": if partly { "GuardsToSet" } else { "Guards" },
        "protected": "Protected", "exclude": "Protected", "email_domains": ["string"],
        "group_removal": "keep|empty|delete", "group_rename": "keep|create_copy_delete|fail",
        "protected_groups": ["string"], "authoritative_members": "boolean",
        "remove_members_on_disable": "boolean", "delete_grace_days": "integer",
        "recreate_missing": "boolean", "approval_hours": "integer", "scope_count_seen": "boolean",
        "no_disabled_seen": "boolean",
        "schedule": {"incremental_seconds?": "integer", "full_seconds?": "integer"},
        "load": {"requests_per_second?": "number?", "in_flight?": "integer?", "member_batch?": "integer?"},
        "sentinels": ["string"], "sentinel_sample": "integer", "target_replaced": "Limit",
        "further_group_dns": ["string"],
    });
    optional(shape, partly)
}

fn channel<'a>(configuration: &'a Configuration, id: &ChannelId) -> Result<&'a Channel, Problem> {
    let found = configuration.channel(id).map(|(_, channel)| channel);
    found.ok_or_else(|| Problem::not_found("the channel is gone"))
}

async fn policy(Caller(admin): Caller, place: Place) -> Result<Tagged<Policy>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    Ok(Tagged(channel(&configuration, &id)?.policy.clone()))
}

async fn set_policy(
    Caller(admin): Caller,
    place: Place,
    from: IfMatch,
    Given(wanted): Given<Policy>,
) -> Result<Tagged<Policy>, Problem> {
    let make = |configuration: &Configuration, id: &ChannelId| {
        from.check(&channel(configuration, id)?.policy)?;
        admin
            .with_policy(configuration, id, &wanted)
            .map_err(|problems| {
                let faults = problems.into_iter();
                Problem::invalid(
                    faults
                        .map(|problem| Fault::at(problem.pointer, problem.message))
                        .collect(),
                )
            })
    };
    change(&admin, &place, make).await?;
    Ok(Tagged(wanted))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

async fn name(Caller(admin): Caller, place: Place) -> Result<Tagged<Name>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    let name = channel(&configuration, &id)?.name.clone();
    Ok(Tagged(Name { name }))
}

async fn rename(
    Caller(admin): Caller,
    place: Place,
    from: IfMatch,
    Given(wanted): Given<Name>,
) -> Result<Tagged<Name>, Problem> {
    let make = |configuration: &Configuration, id: &ChannelId| {
        let name = channel(configuration, id)?.name.clone();
        from.check(&Name { name })?;
        admin
            .with_name(configuration, id, &wanted.name)
            .map_err(|why| Problem::invalid(vec![Fault::at("/name", why)]))
    };
    change(&admin, &place, make).await?;
    Ok(Tagged(wanted))
}

/// Makes a change and saves it.
async fn change(
    admin: &Admin,
    place: &Place,
    make: impl Fn(&Configuration, &ChannelId) -> Result<Configuration, Problem>,
) -> Result<(), Problem> {
    admin.require(Permission::Configure)?;
    saved(admin, |before| make(before, &place.channel_of(before)?)).await?;
    Ok(())
}
