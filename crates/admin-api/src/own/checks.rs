//! Connection tests and scope counts. The service connects to what is configured and to nothing that a
//! request names, but for the draft of a data store by somebody who may configure one.

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_connector::{Check, Plain};
use usher_core::model::{
    Bind, ChannelSource, DataStore, DataStoreId, DataStoreKind, DirectoryKind, LdapSecurity,
    LdapStore, Sealed,
};
use usher_engine::EngineError;
use usher_engine::admin::{Admin, all_good};

use super::Caller;
use super::given::{Given, GivenOrNot};
use super::openapi::{Group, Takes, post};
use super::place::Place;
use super::problem::{Fault, Problem};
use super::saved::impatient;

/// Hosts of a draft.
const HOSTS: usize = 10;

pub(super) fn group() -> Group {
    Group::new("Tests", "Do the connections work, and who is in scope?")
        .add(
            post("/data-stores/{data_store}/test", "testDataStore", "Test a data store as it is configured")
                .answers(200, "The checks, each failure with cause and remedy", "Tested")
                .refuses(502, "The data store does not answer")
                .refuses(504, "It took too long"),
            data_store,
        )
        .add(
            post("/drafts/data-store/test", "testDraft", "Test a data store before it is saved")
                .help("For those who may change the configuration: it is the only request that makes the service connect to an address that is not configured. A saved password is never used for it.")
                .takes(Takes::Body(
                    json!({
                        "directory?": "active_directory|ping_directory|oracle_unified_directory|oracle_directory_server|open_ldap|ds389|generic",
                        "hosts": ["string"], "security?": "plain|start_tls|ldaps", "verify_host?": "boolean",
                        "bind_dn?": "string?", "password?": "string?",
                    }),
                    json!({"hosts": ["ldap.example.com"], "security": "ldaps", "bind_dn": "cn=usher,dc=example,dc=com", "password": "secret"}),
                ))
                .answers(200, "The checks", "Tested")
                .refuses(502, "The data store does not answer")
                .refuses(504, "It took too long"),
            draft,
        )
        .add(
            post("/sp-connections/{sp_connection}/test", "testSpConnection", "Test the target of an SP connection")
                .help("One cheap request that changes nothing.")
                .answers(200, "The checks", "Tested")
                .refuses(504, "It took too long"),
            sp_connection,
        )
        .add(
            post("/channels/{channel}/test", "testChannel", "Test everything that a channel needs")
                .help("As `usher doctor`: reads the whole scope and asks the target once.")
                .answers(200, "The checks", "Tested")
                .refuses(504, "It took too long"),
            channel,
        )
        .add(
            post("/channels/{channel}/scope-count", "countScope", "Count who is in scope")
                .help("Reads the whole scope. `source` tries other source settings before they are saved; its data store must be a configured one.")
                .takes(Takes::BodyOrNot(json!({"source": "Source"}), json!({"source": source_example()})))
                .answers_as(200, "The counts", json!({
                    "users": "integer", "disabled": "integer", "groups": "integer", "invalid": "integer",
                    "first_invalid": "string?", "incomplete": ["string"],
                }))
                .refuses(502, "The data store does not answer")
                .refuses(504, "It took too long"),
            count,
        )
        .shape("Check", json!({"name": "string", "outcome": "good|warning|failed", "detail": "string"}))
        .shape("Tested", json!({"good": "boolean", "checks": ["Check"]}))
}

fn source_example() -> Value {
    let template = usher_core::templates::defaults_for(DirectoryKind::OpenLdap);
    json!(template.source(DataStoreId::new("directory"), "dc=example,dc=com"))
}

/// Ends what takes too long, and begins only so much at once.
pub(super) async fn patient<T>(
    admin: &Admin,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, Problem> {
    Ok(Box::pin(admin.patient(work)).await.map_err(impatient)??)
}

fn tested(checks: Vec<Check>) -> Json<Value> {
    Json(json!({"good": all_good(&checks), "checks": checks}))
}

async fn data_store(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.data_store(&admin).await?;
    let checks = patient(&admin, admin.test_data_store(&configuration, &id)).await?;
    Ok(tested(checks))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    #[serde(default)]
    directory: DirectoryKind,
    hosts: Vec<String>,
    security: Option<LdapSecurity>,
    verify_host: Option<bool>,
    bind_dn: Option<String>,
    password: Option<String>,
}

async fn draft(Caller(admin): Caller, Given(draft): Given<Draft>) -> Result<Json<Value>, Problem> {
    let mut faults = Vec::new();
    if draft.hosts.is_empty() || draft.hosts.len() > HOSTS {
        faults.push(Fault::at("/hosts", format!("expected 1 to {HOSTS} hosts")));
    }
    if draft.bind_dn.is_some() != draft.password.is_some() {
        let detail = "expected both a DN and its password, or neither to bind anonymously";
        faults.push(Fault::at("/password", detail));
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let password = draft.password.map(Plain::new);
    let store = DataStore {
        id: DataStoreId::new("draft"),
        name: "draft".to_owned(),
        kind: DataStoreKind::Ldap(LdapStore {
            hosts: draft.hosts,
            security: draft.security.unwrap_or(LdapSecurity::Ldaps),
            verify_host: draft.verify_host.unwrap_or(true),
            bind: draft.bind_dn.map_or(Bind::Anonymous, |dn| Bind::Simple {
                dn,
                password: Sealed(String::new()),
            }),
            read_timeout_ms: 10_000,
            ..LdapStore::default()
        }),
        directory: draft.directory,
        mask_values_in_log: true,
        dates: usher_core::model::Dates::default(),
        kept: usher_core::model::Kept::default(),
    };
    let checks = patient(&admin, admin.test_draft(store, password.as_ref())).await?;
    Ok(tested(checks))
}

async fn sp_connection(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.sp_connection(&admin).await?;
    let checks = patient(&admin, admin.test_sp_connection(&configuration, &id)).await?;
    Ok(tested(checks))
}

async fn channel(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let (_, id) = place.channel(&admin).await?;
    let checks = patient(&admin, admin.test_channel(&id)).await?;
    Ok(tested(checks))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    source: ChannelSource,
}

async fn count(
    Caller(admin): Caller,
    place: Place,
    GivenOrNot(wanted): GivenOrNot<Count>,
) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.channel(&admin).await?;
    let draft = wanted.map(|wanted| wanted.source);
    let counted = patient(&admin, admin.count_scope(&configuration, &id, draft)).await?;
    Ok(Json(json!(counted)))
}
