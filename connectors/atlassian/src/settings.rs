//! The target's settings.

use usher_connector_scim::settings::network_settings;
use usher_core::descriptor::{SettingDescriptor, SettingKind};

/// The directory's SCIM base URL.
pub const DIRECTORY_BASE_URL: &str = "DIRECTORY_BASE_URL";
/// The directory's API key, a secret.
pub const API_KEY: &str = "API_KEY";
/// User Create.
pub const CREATE_NEW_USERS: &str = "createNewUsers";
/// User Update.
pub const UPDATE_NEW_USERS: &str = "updateNewUsers";
/// User Disable / Delete.
pub const DISABLE_NEW_USERS: &str = "disableNewUsers";
/// Provision Disabled Users.
pub const PROVISION_DISABLED_USERS: &str = "PROVISION_DISABLED_USERS";
/// Remove User Action: `Disable` or `Delete`.
pub const REMOVE_ACTION: &str = "REMOVE_ACTION";
/// Group Name Source.
pub const GROUP_NAME_SOURCE: &str = "GROUP_NAME_SOURCE";
/// Accounts that administer the target.
pub const PROTECTED_ACCOUNTS: &str = "PROTECTED_ACCOUNTS";

/// Every setting, in the order of the form.
pub(crate) fn settings() -> Vec<SettingDescriptor> {
    let mut all = vec![
        SettingDescriptor {
            required: true,
            ..setting(
                DIRECTORY_BASE_URL,
                "Directory base URL",
                "From Atlassian's user provisioning page; also called SCIM base URL.",
                SettingKind::Text,
            )
        },
        SettingDescriptor {
            required: true,
            ..setting(
                API_KEY,
                "API key",
                "The directory's own key, shown once when it is made; it expires after a year. An organization key or a personal token does not work here.",
                SettingKind::Secret,
            )
        },
        checkbox(
            CREATE_NEW_USERS,
            "User Create",
            "Create accounts for people in scope.",
            true,
        ),
        checkbox(
            UPDATE_NEW_USERS,
            "User Update",
            "Change accounts when mapped attributes change, and enable them again.",
            true,
        ),
        checkbox(
            DISABLE_NEW_USERS,
            "User Disable / Delete",
            "Act when somebody is disabled, leaves the scope or is gone.",
            true,
        ),
        checkbox(
            PROVISION_DISABLED_USERS,
            "Provision Disabled Users",
            "Also create accounts for people who are disabled in the directory, as inactive ones.",
            false,
        ),
        select(
            REMOVE_ACTION,
            "Remove User Action",
            "Delete removes the record: a person who returns gets a new id and lost memberships.",
            &["Disable", "Delete"],
        ),
        select(
            GROUP_NAME_SOURCE,
            "Group Name Source",
            "What a group is called at Atlassian. A name cannot be changed there later.",
            &["Common Name", "DN", "sAMAccountName"],
        ),
        setting(
            PROTECTED_ACCOUNTS,
            "Protected accounts",
            "User names or e-mail addresses of the accounts that administer Atlassian. They are never changed, disabled or deleted.",
            SettingKind::TextArea,
        ),
    ];
    all.extend(network_settings());
    all
}

fn setting(name: &str, label: &str, help: &str, kind: SettingKind) -> SettingDescriptor {
    SettingDescriptor {
        name: name.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        kind,
        required: false,
        default: None,
    }
}

fn checkbox(name: &str, label: &str, help: &str, default: bool) -> SettingDescriptor {
    let default = Some(default.to_string());
    SettingDescriptor {
        default,
        ..setting(name, label, help, SettingKind::Checkbox)
    }
}

/// A choice whose first value is the default.
fn select(name: &str, label: &str, help: &str, choices: &[&str]) -> SettingDescriptor {
    let choices: Vec<String> = choices.iter().map(|choice| (*choice).to_owned()).collect();
    let default = choices.first().cloned();
    SettingDescriptor {
        default,
        ..setting(name, label, help, SettingKind::Select(choices))
    }
}
