//! A document that is still being written is understood as far as it goes, beside everything that is wrong with it.

use serde_json::json;
use usher_core::model::Configuration;
use usher_pf::{ImportContext, Mode, Resource, edit, sketch};

use crate::fixture::{Brackets, connector, sp};

#[test]
fn an_unfinished_channel_has_its_source_already() {
    let mut document = sp();
    let channel = &mut document["outboundProvision"]["channels"][0];
    channel["attributeMapping"] = json!([]);
    channel["maxThreads"] = json!("many");
    let base = channel["channelSource"]["baseDn"].clone();
    let (current, connector) = (Configuration::default(), connector());
    let connectors = [&connector];
    let (mut ids, mut again) = (|| "id".to_owned(), || "id".to_owned());
    let (mut secrets, mut secrets_again) = (Brackets, Brackets);
    let context = ImportContext {
        current: &current,
        connectors: &connectors,
        ids: &mut ids,
        secrets: &mut secrets,
        mode: Mode::Create,
        now: 1_000,
    };
    let (sketched, problems) = sketch(Resource::SpConnection, &document, None, context);
    let channel = &sketched.configuration.sp_connections[0].channels[0];
    assert_eq!(json!(channel.source.base_dn), base);
    let paths: Vec<&str> = problems.iter().map(|one| one.path.as_str()).collect();
    let at = "outboundProvision.channels[0]";
    for place in ["maxThreads", "attributeMapping"] {
        let place = format!("{at}.{place}");
        assert!(paths.contains(&place.as_str()), "{place}: {paths:?}");
    }
    let context = ImportContext {
        current: &current,
        connectors: &connectors,
        ids: &mut again,
        secrets: &mut secrets_again,
        mode: Mode::Create,
        now: 1_000,
    };
    let refused = edit(Resource::SpConnection, &document, None, context);
    assert_eq!(refused.expect_err("problems"), problems);
}
