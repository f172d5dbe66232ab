//! The forms of all pages, for the tour of an attacker.

/// Every form that changes something: the file of its route, its handler there, and an address of it.
pub(crate) const POSTS: &[(&str, &str, &str)] = &[
    ("alerts/mod.rs", "settings::save", "/system/alerts/settings"),
    ("alerts/mod.rs", "settings::test", "/system/alerts/test"),
    ("alerts/mod.rs", "mail::save", "/system/alerts/mail"),
    ("account/mod.rs", "add_token", "/account/tokens"),
    ("account/mod.rs", "change_password", "/account/password"),
    ("account/mod.rs", "revoke", "/account/tokens/1/revoke"),
    ("backups/mod.rs", "make", "/system/backups"),
    (
        "certificates/mod.rs",
        "delete",
        "/system/certificates/x/delete",
    ),
    (
        "certificates/mod.rs",
        "import",
        "/system/certificates/import",
    ),
    ("channels/mod.rs", "actions::run", "/channels/x/run"),
    ("channels/mod.rs", "actions::set_mode", "/channels/x/mode"),
    ("channels/mod.rs", "actions::stop_all", "/channels/stop"),
    ("channels/mod.rs", "held::decided", "/channels/x/held"),
    (
        "operators/mod.rs",
        "edit::delete",
        "/system/operators/x/delete",
    ),
    ("operators/mod.rs", "edit::make", "/system/operators/new"),
    ("operators/mod.rs", "edit::save", "/system/operators/x/edit"),
    (
        "operators/mod.rs",
        "password::reset",
        "/system/operators/x/password",
    ),
    ("plans/mod.rs", "begin::begin", "/channels/x/plans/new"),
    ("plans/mod.rs", "decide::apply", "/plans/x/apply"),
    ("plans/mod.rs", "decide::discard", "/plans/x/discard"),
    (
        "channel_tabs/mod.rs",
        "mapping::keep",
        "/sp-connections/x/channels/0/attribute-mapping",
    ),
    (
        "channel_tabs/mod.rs",
        "edit::keep",
        "/sp-connections/x/channels/0/attribute-mapping/userName",
    ),
    (
        "channel_tabs/mod.rs",
        "edit::preview",
        "/sp-connections/x/channels/0/attribute-mapping/userName/preview",
    ),
    (
        "channel_tabs/mod.rs",
        "policy_keep",
        "/sp-connections/x/channels/0/policy",
    ),
    (
        "channel_tabs/mod.rs",
        "summary::keep",
        "/sp-connections/x/channels/0/activation-summary",
    ),
    (
        "channel_tabs/mod.rs",
        "info_keep",
        "/sp-connections/x/channels/0/channel-info",
    ),
    (
        "channel_tabs/mod.rs",
        "location::choose",
        "/sp-connections/x/channels/0/source-location/browse",
    ),
    (
        "channel_tabs/mod.rs",
        "location::keep",
        "/sp-connections/x/channels/0/source-location",
    ),
    (
        "channel_tabs/mod.rs",
        "settings::keep",
        "/sp-connections/x/channels/0/source-settings",
    ),
    (
        "channel_tabs/mod.rs",
        "source::keep",
        "/sp-connections/x/channels/0/source",
    ),
    (
        "data_stores/mod.rs",
        "edit::make_ldap",
        "/system/data-stores/new/ldap",
    ),
    (
        "data_stores/mod.rs",
        "edit::make_ldif",
        "/system/data-stores/new/ldif",
    ),
    (
        "data_stores/mod.rs",
        "edit::save",
        "/system/data-stores/x/edit",
    ),
    ("data_stores/mod.rs", "list::change", "/system/data-stores"),
    (
        "connections/mod.rs",
        "template::keep",
        "/sp-connections/x/connection-template",
    ),
    (
        "connections/mod.rs",
        "kind::keep",
        "/sp-connections/x/connection-type",
    ),
    (
        "connections/mod.rs",
        "general::keep",
        "/sp-connections/x/general-info",
    ),
    (
        "connections/mod.rs",
        "outbound::keep",
        "/sp-connections/x/outbound-provisioning",
    ),
    (
        "connections/mod.rs",
        "target::keep",
        "/sp-connections/x/target",
    ),
    (
        "connections/mod.rs",
        "channels::keep",
        "/sp-connections/x/manage-channels",
    ),
    (
        "connections/mod.rs",
        "summary::save",
        "/sp-connections/x/activation-summary",
    ),
    (
        "connections/mod.rs",
        "actions::turn",
        "/sp-connections/x/status",
    ),
    ("connections/mod.rs", "list::copy", "/sp-connections/x/copy"),
    (
        "connections/mod.rs",
        "list::discard",
        "/sp-connections/x/discard",
    ),
    (
        "connections/mod.rs",
        "actions::delete",
        "/sp-connections/x/delete",
    ),
    ("connections/mod.rs", "list::create", "/sp-connections/new"),
    (
        "connections/mod.rs",
        "actions::import",
        "/sp-connections/import",
    ),
    (
        "protocol_settings/mod.rs",
        "save_roles",
        "/system/protocol-settings",
    ),
    (
        "protocol_settings/mod.rs",
        "save_outbound",
        "/system/protocol-settings/outbound-provisioning",
    ),
    ("sign_in/mod.rs", "sign_out", "/sign-out"),
    ("subjects/mod.rs", "act::provision", "/subjects/1/provision"),
    ("subjects/mod.rs", "act::retry", "/subjects/1/retry"),
    ("waiting/mod.rs", "retry::retry", "/waiting/retry"),
];
