//! SP connections.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use usher_core::descriptor::{ConnectorDescriptor, SettingDescriptor, SettingKind};
use usher_core::model::{
    ConnectionId, Dates, GeneralInfo, Kept, ProvisioningOptions, Sealed, SpConnection,
};

use super::{Import, given, options, typed};
use crate::TARGET_SECRET;
use crate::document::{ConfigField, OutboundProvision, SpConnectionDocument};
use crate::problem::quoted;
use crate::shape;

/// The target's settings, sorted out.
#[derive(Default)]
struct Settings {
    /// The settings that the document names: one that cannot be used is not missing.
    named: BTreeSet<String>,
    plain: BTreeMap<String, String>,
    secrets: BTreeMap<String, Sealed>,
    entered_at: BTreeMap<String, i64>,
    options: ProvisioningOptions,
    protected: Vec<String>,
}

impl Import<'_> {
    pub(super) fn save_sp_connection(&mut self, value: &Value, path: &str) {
        if value.get("outboundProvision").is_none_or(Value::is_null) {
            if self.context.mode.is_edit() {
                shape::check(value, &shape::SP_CONNECTION, path, &mut self.report);
                return self.report.problem(
                    &format!("{path}.outboundProvision"),
                    "the provisioning of this connection",
                    "nothing",
                    "Usher has only SP connections that provision",
                );
            }
            return self.report.warn(
                path,
                "it has no outboundProvision, so it is not about provisioning; it is left out and has no effect",
            );
        }
        let checked = shape::check(value, &shape::SP_CONNECTION, path, &mut self.report);
        let document = typed::<SpConnectionDocument>(checked.clone(), path, &mut self.report);
        let Some(mut document) = document else { return };
        let Some(outbound) = document.outbound_provision.take() else {
            return;
        };
        self.general(&document, &outbound, path);
        self.not_ours(&checked, path);
        let id = self.sp_id(&document, path);
        let outbound_path = format!("{path}.outboundProvision");
        let descriptor = self.descriptor(&outbound, &outbound_path);
        let settings = self.settings(&outbound, descriptor, &id, &outbound_path);
        let channels = self.channels(&outbound, &id, &outbound_path);
        let sp = SpConnection {
            id,
            connector: outbound.plugin,
            settings: settings.plain,
            secrets: settings.secrets,
            secret_entered_at: settings.entered_at,
            options: settings.options,
            protected_accounts: settings.protected,
            channels,
            active: document.active.unwrap_or(false),
            base_url: given(document.base_url.take()),
            general: general_info(&document),
            name: document.name,
            entity_id: document.entity_id,
            dates: Dates::default(),
            kept: Kept::default(),
        };
        self.put_sp_connection(sp, &checked, path);
    }

    fn general(
        &mut self,
        document: &SpConnectionDocument,
        outbound: &OutboundProvision,
        path: &str,
    ) {
        for (key, text) in [("name", &document.name), ("entityId", &document.entity_id)] {
            if text.trim() != text || text.chars().any(char::is_control) || text.is_empty() {
                self.report.problem(
                    &format!("{path}.{key}"),
                    "a text without white space at its ends and without control characters",
                    &quoted(text),
                    "",
                );
            }
        }
        let default = document
            .default_virtual_entity_id
            .as_deref()
            .unwrap_or_default();
        let ids = &document.virtual_entity_ids;
        if !ids.is_empty() && !ids.iter().any(|id| id == default) {
            self.report.problem(
                &format!("{path}.defaultVirtualEntityId"),
                "one of virtualEntityIds",
                &quoted(default),
                "",
            );
        }
        if outbound
            .extra
            .get("customSchema")
            .is_some_and(|schema| !schema.is_null())
        {
            self.report.warn(
                &format!("{path}.outboundProvision.customSchema"),
                "custom attributes are not supported; they are kept and have no effect",
            );
        }
    }

    /// Single sign-on is no part of Usher: who asks for it in an edit is told so. A whole file may have it.
    fn not_ours(&mut self, checked: &Value, path: &str) {
        for key in ["spBrowserSso", "attributeQuery", "wsTrust"] {
            let part = checked.get(key).and_then(Value::as_object);
            if self.context.mode.is_edit() && part.is_some_and(|part| !part.is_empty()) {
                self.report.problem(
                    &format!("{path}.{key}"),
                    "nothing",
                    "settings of single sign-on",
                    "Usher provisions and does no single sign-on; leave this part out",
                );
            }
        }
    }

    fn sp_id(&mut self, document: &SpConnectionDocument, path: &str) -> ConnectionId {
        let same = self
            .context
            .current
            .sp_connections
            .iter()
            .find(|sp| sp.name == document.name || sp.entity_id == document.entity_id)
            .map(|sp| sp.id.to_string());
        ConnectionId::new(self.id(document.id.as_deref(), same, path))
    }

    fn descriptor(
        &mut self,
        outbound: &OutboundProvision,
        path: &str,
    ) -> Option<ConnectorDescriptor> {
        let known = self.context.connectors;
        let found = known.iter().find(|known| known.id == outbound.plugin);
        if found.is_none() {
            let ids: Vec<&str> = known.iter().map(|known| known.id.as_str()).collect();
            self.report.problem(
                &format!("{path}.type"),
                &format!("one of the connectors {}", ids.join(", ")),
                &quoted(&outbound.plugin),
                "",
            );
        }
        found.map(|known| (*known).clone())
    }

    fn settings(
        &mut self,
        outbound: &OutboundProvision,
        descriptor: Option<ConnectorDescriptor>,
        id: &ConnectionId,
        path: &str,
    ) -> Settings {
        let current = self
            .context
            .current
            .sp_connections
            .iter()
            .find(|sp| &sp.id == id);
        let current = current.cloned();
        let mut settings = Settings::default();
        let mut seen: Vec<&str> = Vec::new();
        for (index, field) in outbound.target_settings.iter().enumerate() {
            let path = format!("{path}.targetSettings[{index}]");
            if seen.contains(&field.name.as_str()) {
                self.twice(&path, "name", &field.name);
                continue;
            }
            seen.push(&field.name);
            let known = descriptor
                .as_ref()
                .and_then(|known| known.settings.iter().find(|known| known.name == field.name));
            let is_option = options::NAMES.contains(&field.name.as_str());
            if known.is_none() && descriptor.is_some() && !is_option {
                self.report.warn(
                    &format!("{path}.name"),
                    format!(
                        "the connector has no setting {}; it has no effect",
                        quoted(&field.name)
                    ),
                );
            }
            self.setting(field, known, current.as_ref(), &mut settings, &path);
        }
        if let Some(descriptor) = &descriptor {
            Self::kept_secrets(descriptor, current.as_ref(), &mut settings);
            self.missing(descriptor, &settings, &format!("{path}.targetSettings"));
        }
        settings
    }

    fn setting(
        &mut self,
        field: &ConfigField,
        known: Option<&SettingDescriptor>,
        current: Option<&SpConnection>,
        settings: &mut Settings,
        path: &str,
    ) {
        let name = field.name.as_str();
        if options::NAMES.contains(&name) {
            return self.option(field, settings, path);
        }
        let is_secret = known.is_some_and(|known| known.kind == SettingKind::Secret);
        if is_secret || field.encrypted_value.is_some() {
            self.secret_setting(field, current, settings, path);
        } else if let Some(value) = given(field.value.clone()) {
            if let Some(known) = known {
                self.setting_value(known, &value, path);
            }
            settings.plain.insert(name.to_owned(), value);
        }
    }

    fn option(&mut self, field: &ConfigField, settings: &mut Settings, path: &str) {
        let Some(value) = given(field.value.clone()) else {
            return;
        };
        let set = options::set(
            &mut settings.options,
            &mut settings.protected,
            &field.name,
            &value,
        );
        if let Err(expected) = set {
            self.report
                .problem(&format!("{path}.value"), expected, &quoted(&value), "");
        }
    }

    fn secret_setting(
        &mut self,
        field: &ConfigField,
        current: Option<&SpConnection>,
        settings: &mut Settings,
        path: &str,
    ) {
        let name = &field.name;
        let kept = current.and_then(|sp| sp.secrets.get(name)).cloned();
        let plain_path = format!("{path}.value");
        let sealed_path = format!("{path}.encryptedValue");
        let is_new = given(field.value.clone()).is_some();
        let is_given = is_new || given(field.encrypted_value.clone()).is_some();
        if is_given {
            settings.named.insert(name.clone());
        }
        let secret = self.secret(
            TARGET_SECRET,
            (&plain_path, field.value.as_deref()),
            (&sealed_path, field.encrypted_value.as_deref()),
            kept.clone(),
        );
        let Some(secret) = secret else { return };
        // One that is there already was not entered now, also if it is typed again.
        let known = current.filter(|_| kept.as_ref() == Some(&secret));
        let known = known.and_then(|sp| sp.secret_entered_at.get(name)).copied();
        let entered = known.or(is_new.then_some(self.context.now));
        if let Some(at) = entered {
            settings.entered_at.insert(name.clone(), at);
        }
        settings.secrets.insert(name.clone(), secret);
    }

    /// Secrets that the file leaves out stay as they are: nobody writes them into files.
    fn kept_secrets(
        descriptor: &ConnectorDescriptor,
        current: Option<&SpConnection>,
        settings: &mut Settings,
    ) {
        let Some(current) = current.filter(|sp| sp.connector == descriptor.id) else {
            return;
        };
        for known in descriptor
            .settings
            .iter()
            .filter(|s| s.kind == SettingKind::Secret)
        {
            if settings.secrets.contains_key(&known.name) {
                continue;
            }
            if let Some(secret) = current.secrets.get(&known.name) {
                settings.secrets.insert(known.name.clone(), secret.clone());
                if let Some(at) = current.secret_entered_at.get(&known.name) {
                    settings.entered_at.insert(known.name.clone(), *at);
                }
            }
        }
    }

    fn setting_value(&mut self, known: &SettingDescriptor, value: &str, path: &str) {
        let expected = match &known.kind {
            SettingKind::Checkbox if !matches!(value, "true" | "false") => {
                "true or false".to_owned()
            }
            SettingKind::Select(options) if !options.iter().any(|option| option == value) => {
                format!("one of {}", options.join(", "))
            }
            SettingKind::Checkbox
            | SettingKind::Select(_)
            | SettingKind::Text
            | SettingKind::TextArea
            | SettingKind::Secret => return,
        };
        self.report.problem(
            &format!("{path}.value"),
            &expected,
            &quoted(value),
            &known.help,
        );
    }

    fn missing(&mut self, descriptor: &ConnectorDescriptor, settings: &Settings, path: &str) {
        for known in &descriptor.settings {
            let name = &known.name;
            let is_there = settings.named.contains(name)
                || settings.plain.contains_key(name)
                || settings.secrets.contains_key(name)
                || options::NAMES.contains(&name.as_str());
            if known.required && known.default.is_none() && !is_there {
                self.report.problem(
                    path,
                    &format!("a setting `{name}` ({})", known.label),
                    "none",
                    &known.help,
                );
            }
        }
    }
}

fn general_info(document: &SpConnectionDocument) -> GeneralInfo {
    let contact = document.contact_info.clone().unwrap_or_default();
    GeneralInfo {
        company: given(contact.company),
        first_name: given(contact.first_name),
        last_name: given(contact.last_name),
        phone: given(contact.phone),
        email: given(contact.email),
        application_name: given(document.application_name.clone()),
        application_icon_url: given(document.application_icon_url.clone()),
        virtual_entity_ids: document.virtual_entity_ids.clone(),
        default_virtual_entity_id: given(document.default_virtual_entity_id.clone()),
        logging_mode: given(document.logging_mode.clone()),
    }
}
