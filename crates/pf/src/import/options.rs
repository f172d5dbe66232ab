//! Target settings that are options of provisioning rather than of one target.

use usher_core::model::{GroupNameSource, ProvisioningOptions, RemoveAction, SpConnection};

/// Their names.
pub(super) const CREATE: &str = "createNewUsers";
pub(super) const UPDATE: &str = "updateNewUsers";
pub(super) const DISABLE: &str = "disableNewUsers";
pub(super) const PROVISION_DISABLED: &str = "PROVISION_DISABLED_USERS";
pub(super) const REMOVE_ACTION: &str = "REMOVE_ACTION";
pub(super) const GROUP_NAME: &str = "GROUP_NAME_SOURCE";
pub(super) const PROTECTED: &str = "PROTECTED_ACCOUNTS";

/// All of them.
pub(super) const NAMES: [&str; 7] = [
    CREATE,
    UPDATE,
    DISABLE,
    PROVISION_DISABLED,
    REMOVE_ACTION,
    GROUP_NAME,
    PROTECTED,
];

/// Takes one option; gives what was expected instead when the value does not fit.
pub(super) fn set(
    options: &mut ProvisioningOptions,
    protected: &mut Vec<String>,
    name: &str,
    value: &str,
) -> Result<(), &'static str> {
    match name {
        CREATE => options.user_create = flag(value)?,
        UPDATE => options.user_update = flag(value)?,
        DISABLE => options.user_disable = flag(value)?,
        PROVISION_DISABLED => options.provision_disabled = flag(value)?,
        REMOVE_ACTION => options.remove_action = remove_action(value)?,
        GROUP_NAME => options.group_name_source = group_name_source(value)?,
        PROTECTED => *protected = accounts(value),
        _ => {}
    }
    Ok(())
}

fn flag(value: &str) -> Result<bool, &'static str> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "on" => Ok(true),
        "false" | "off" => Ok(false),
        _ => Err("true or false"),
    }
}

fn remove_action(value: &str) -> Result<RemoveAction, &'static str> {
    match value.trim().to_ascii_lowercase().as_str() {
        "disable" => Ok(RemoveAction::Disable),
        "delete" => Ok(RemoveAction::Delete),
        _ => Err("Disable or Delete"),
    }
}

fn group_name_source(value: &str) -> Result<GroupNameSource, &'static str> {
    match value.trim().to_ascii_lowercase().as_str() {
        "common name" | "cn" => Ok(GroupNameSource::CommonName),
        "distinguished name" | "dn" => Ok(GroupNameSource::Dn),
        "samaccountname" => Ok(GroupNameSource::SamAccountName),
        _ => Err("Common Name, DN or sAMAccountName"),
    }
}

/// Accounts stand on lines of their own or are separated by commas; a DN, which has commas itself,
/// needs a line of its own.
fn accounts(value: &str) -> Vec<String> {
    let mut accounts = Vec::new();
    for line in value.lines() {
        if line.contains('=') {
            accounts.push(line.trim().to_owned());
        } else {
            accounts.extend(line.split(',').map(|name| name.trim().to_owned()));
        }
    }
    accounts.retain(|name| !name.is_empty());
    accounts
}

/// The options of an SP connection as settings, in their usual order.
pub(crate) fn option_settings(sp: &SpConnection) -> Vec<(&'static str, String)> {
    let options = &sp.options;
    let action = match options.remove_action {
        RemoveAction::Disable => "Disable",
        RemoveAction::Delete => "Delete",
    };
    let group_name = match options.group_name_source {
        GroupNameSource::CommonName => "Common Name",
        GroupNameSource::Dn => "DN",
        GroupNameSource::SamAccountName => "sAMAccountName",
    };
    vec![
        (CREATE, options.user_create.to_string()),
        (UPDATE, options.user_update.to_string()),
        (DISABLE, options.user_disable.to_string()),
        (PROVISION_DISABLED, options.provision_disabled.to_string()),
        (REMOVE_ACTION, action.to_owned()),
        (GROUP_NAME, group_name.to_owned()),
        (PROTECTED, sp.protected_accounts.join("\n")),
    ]
}

/// A base URL as it is compared: without what people add to it.
pub(crate) fn normalised_url(url: &str) -> String {
    let mut url = url.trim().to_ascii_lowercase();
    loop {
        let before = url.len();
        for tail in ["/", "/users", "/scim"] {
            if let Some(rest) = url.strip_suffix(tail) {
                url = rest.to_owned();
            }
        }
        if url.len() == before {
            return url;
        }
    }
}
