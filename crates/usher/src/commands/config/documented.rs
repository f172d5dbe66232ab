//! What `docs/configuration.md` says of target settings and policies is what there is.

use std::sync::Arc;

use usher_core::descriptor::{SettingDescriptor, SettingKind};
use usher_engine::{Connectors as _, SystemClock};
use usher_pf::{PolicyKey, policy_keys};

use crate::registry::Registry;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
const BEGIN: &str = "<!-- what follows is made from the code -->\n";
const END: &str = "<!-- what was made from the code ends here -->\n";

fn policies(keys: &[PolicyKey]) -> String {
    let mut table = "| Key | Allowed | Default | What it does |\n|---|---|---|---|\n".to_owned();
    for key in keys {
        let default = match key.default.as_str() {
            "" => String::new(),
            text => format!("`{text}`"),
        };
        table += &format!(
            "| `{}` | {} | {default} | {} |\n",
            key.path, key.allowed, key.help
        );
    }
    table
}

fn settings(all: &[SettingDescriptor]) -> String {
    let mut table =
        "| Name | Label | Allowed | Default | What it does |\n|---|---|---|---|---|\n".to_owned();
    for one in all {
        let allowed = match &one.kind {
            SettingKind::Text => "a text".to_owned(),
            SettingKind::Secret => "a secret".to_owned(),
            SettingKind::Checkbox => "`true` or `false`".to_owned(),
            SettingKind::Select(choices) => format!("one of `{}`", choices.join("`, `")),
            SettingKind::TextArea => "a text, of several lines if wanted".to_owned(),
        };
        let default = match (&one.default, one.required) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => "required".to_owned(),
            (None, false) => String::new(),
        };
        table += &format!(
            "| `{}` | {} | {allowed} | {default} | {} |\n",
            one.name, one.label, one.help
        );
    }
    table
}

fn made() -> String {
    let registry = Registry::new(Arc::new(SystemClock));
    let mut text = String::new();
    for connector in registry.descriptors() {
        text += &format!(
            "\n### Target settings of {} (`{}`)\n\n{}",
            connector.name,
            connector.id,
            settings(&connector.settings)
        );
    }
    let (channel, store) = policy_keys();
    text += &format!(
        "\n### Policy of a data store\n\n{}\n### Policy of a channel\n\n{}\n",
        policies(&store),
        policies(&channel)
    );
    text
}

#[test]
fn every_target_setting_and_every_key_of_a_policy_is_documented() {
    let found = std::fs::read_to_string(FILE).unwrap();
    let (before, rest) = found.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let fresh = format!("{before}{BEGIN}{}{END}{after}", made());
    if std::env::var_os("USHER_WRITE_KEYS").is_some() {
        std::fs::write(FILE, &fresh).unwrap();
        return;
    }
    assert!(
        found == fresh,
        "docs/configuration.md is not what there is: write it anew with `USHER_WRITE_KEYS=1 cargo test -p usher --bin usher documented`"
    );
}
