//! A copy of a connection, as a draft.

use serde_json::Value;

use super::draft::{Body, ChannelDraft};
use crate::form::{at, set};

/// The copy of a connection under another id: turned off, with names to be told apart, without secrets and addresses.
pub(super) fn copied(original: &Body, id: &str) -> Body {
    let mut document = original.document.clone();
    let text = |path: &str| {
        let text = at(&original.document, path).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    set(&mut document, "id", Some(Value::from(id)));
    set(&mut document, "active", Some(Value::from(false)));
    set(
        &mut document,
        "name",
        Some(Value::from(format!("{} (copy)", text("name")))),
    );
    set(
        &mut document,
        "entityId",
        Some(Value::from(format!("{}-copy", text("entityId")))),
    );
    let settings = at(&document, "outboundProvision.targetSettings").and_then(Value::as_array);
    let plain = settings.into_iter().flatten().filter(|entry| {
        let value = entry.get("value").and_then(Value::as_str);
        entry.get("encryptedValue").is_none() && !value.is_some_and(|v| v.starts_with("http"))
    });
    let plain: Vec<Value> = plain.cloned().collect();
    set(
        &mut document,
        "outboundProvision.targetSettings",
        Some(Value::from(plain)),
    );
    set(&mut document, "baseUrl", None);
    let channels = original.channels.iter().map(|channel| {
        let mut document = channel.document.clone();
        set(&mut document, "active", Some(Value::from(false)));
        ChannelDraft {
            document,
            policy: channel.policy.clone(),
            ..ChannelDraft::default()
        }
    });
    Body {
        channels: channels.collect(),
        document,
        base: None,
        metadata: None,
        nobody_to_protect: false,
        key_expires: String::new(),
        ..original.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::copied;
    use crate::connections::draft::{Body, ChannelDraft};

    #[test]
    fn a_copy_keeps_what_it_provisions_and_no_secret_or_address() {
        let original = Body {
            document: json!({
                "id": "a", "name": "Cloud", "entityId": "x", "active": true, "baseUrl": "https://t/1",
                "outboundProvision": {"type": "T", "targetSettings": [
                    {"name": "URL", "value": "https://t/1"},
                    {"name": "KEY", "encryptedValue": "sealed"},
                    {"name": "createNewUsers", "value": "true"},
                ]},
            }),
            channels: vec![ChannelDraft {
                document: json!({"name": "staff", "active": true}),
                origin: Some("staff".to_owned()),
                ..ChannelDraft::default()
            }],
            base: Some("tag".to_owned()),
            ..Body::default()
        };
        let copy = copied(&original, "b");
        assert_eq!(
            copy.document,
            json!({
                "id": "b", "name": "Cloud (copy)", "entityId": "x-copy", "active": false,
                "outboundProvision": {"type": "T", "targetSettings": [{"name": "createNewUsers", "value": "true"}]},
            })
        );
        assert_eq!(copy.base, None);
        assert_eq!(copy.channels[0].origin, None);
        assert_eq!(copy.channels[0].document["active"], false);
    }
}
