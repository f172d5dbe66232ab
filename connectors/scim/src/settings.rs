//! The settings every SCIM target shares: address, key, proxy, authorities.

use std::collections::BTreeMap;
use std::time::Duration;

use usher_connector::{Plain, TargetSettings};
use usher_core::descriptor::{SettingDescriptor, SettingKind};

use crate::address::Address;
use crate::http::{self, HttpSettings, Proxy};
use crate::profile::Profile;

/// The proxy's address.
pub const PROXY_URL: &str = "PROXY_URL";
/// The proxy's user.
pub const PROXY_USER: &str = "PROXY_USER";
/// The proxy's password, a secret.
pub const PROXY_PASSWORD: &str = "PROXY_PASSWORD";
/// Hosts reached without the proxy.
pub const NO_PROXY: &str = "NO_PROXY";
/// Further certificate authorities, PEM text.
pub const EXTRA_CA: &str = "EXTRA_CA";

/// Descriptors of the settings that every SCIM target has beside its own.
pub fn network_settings() -> Vec<SettingDescriptor> {
    let setting = |name: &str, label: &str, help: &str, kind| SettingDescriptor {
        name: name.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        kind,
        required: false,
        default: None,
    };
    vec![
        setting(
            PROXY_URL,
            "HTTP proxy",
            "Reach the target through this proxy (http://host:port or https://host:port). The process environment is not used.",
            SettingKind::Text,
        ),
        setting(
            PROXY_USER,
            "Proxy user",
            "User name at the proxy, if it asks for one.",
            SettingKind::Text,
        ),
        setting(
            PROXY_PASSWORD,
            "Proxy password",
            "Password at the proxy.",
            SettingKind::Secret,
        ),
        setting(
            NO_PROXY,
            "Hosts without proxy",
            "Hosts, domains and networks that are reached directly, separated by commas.",
            SettingKind::Text,
        ),
        setting(
            EXTRA_CA,
            "Extra certificate authorities",
            "PEM certificates that are trusted for this target beside those of the system (for a proxy that inspects TLS).",
            SettingKind::TextArea,
        ),
    ]
}

fn given<'a>(settings: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    settings
        .get(name)
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
}

/// The address in the settings.
pub(crate) fn address(
    profile: &Profile,
    settings: &BTreeMap<String, String>,
) -> Result<Address, String> {
    let text = given(settings, &profile.address_setting).unwrap_or_default();
    Address::parse(text, &profile.address).map_err(|error| error.to_string())
}

/// Every problem of the settings, in words; secrets are not looked at.
pub(crate) fn problems(profile: &Profile, settings: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems: Vec<String> = address(profile, settings)
        .err()
        .map(|error| format!("{}: {error}", profile.address_setting))
        .into_iter()
        .collect();
    for descriptor in &profile.descriptor.settings {
        let value = given(settings, &descriptor.name);
        let wrong = match (&descriptor.kind, value) {
            (SettingKind::Secret, _) => None,
            (_, None) if descriptor.required && descriptor.name != profile.address_setting => {
                Some("is required".to_owned())
            }
            (SettingKind::Select(choices), Some(value)) if !choices.iter().any(|c| c == value) => {
                Some(format!(
                    "is `{value}`; expected one of {}",
                    choices.join(", ")
                ))
            }
            (SettingKind::Checkbox, Some(value)) if !matches!(value, "true" | "false") => {
                Some(format!("is `{value}`; expected true or false"))
            }
            _ => None,
        };
        problems.extend(
            wrong.map(|wrong| format!("{} ({}) {wrong}", descriptor.label, descriptor.name)),
        );
    }
    let http = http_settings(settings, &BTreeMap::new(), 60);
    problems.extend(http::build(&http).err().map(|error| error.to_string()));
    problems
}

/// How the target is reached.
pub(crate) fn http_settings(
    settings: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, Plain>,
    timeout_seconds: u32,
) -> HttpSettings {
    let operation_timeout = Duration::from_secs(u64::from(timeout_seconds.clamp(1, 3600)));
    let defaults = HttpSettings::default();
    let proxy = given(settings, PROXY_URL).map(|url| Proxy {
        url: url.to_owned(),
        credentials: given(settings, PROXY_USER).map(|user| {
            let password = secrets
                .get(PROXY_PASSWORD)
                .map(Plain::reveal)
                .unwrap_or_default();
            (user.to_owned(), password.to_owned())
        }),
        no_proxy: given(settings, NO_PROXY).unwrap_or_default().to_owned(),
    });
    HttpSettings {
        connect_timeout: defaults.connect_timeout.min(operation_timeout),
        operation_timeout,
        extra_ca_pem: given(settings, EXTRA_CA).map(|pem| pem.as_bytes().to_vec()),
        proxy,
    }
}

/// Trusts further authorities, each PEM.
pub(crate) fn trust(http: &mut HttpSettings, authorities: &[String]) {
    for pem in authorities {
        let all = http.extra_ca_pem.get_or_insert_default();
        all.extend(b"\n");
        all.extend(pem.as_bytes());
    }
}

/// The key, or what is wrong with it.
pub(crate) fn key(profile: &Profile, settings: &TargetSettings) -> Result<Plain, String> {
    let name = &profile.key_setting;
    let key = settings
        .secrets
        .get(name)
        .map(|key| key.reveal().trim())
        .unwrap_or_default();
    if key.is_empty() {
        return Err(format!(
            "the key ({name}) is missing; enter it in the target's settings"
        ));
    }
    if !key.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(format!(
            "the key ({name}) contains a space or a character that no key has; copy it again"
        ));
    }
    Ok(Plain::new(key))
}
