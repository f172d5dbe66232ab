//! Channels.

use usher_core::model::{
    ChangeDetection, Channel, ChannelId, ChannelSource, CharacterCase, ConnectionId, DataStoreId,
    Location, MappingRule, Parser, Policy, StatusRule,
};
use usher_directory::{Dn, Filter, attribute};

use super::{Import, given};
use crate::document::{
    AccountManagement, ChannelDocument, ChannelSourceDocument, OutboundProvision,
    SaasAttributeMapping, SourceLocation,
};
use crate::problem::quoted;

/// Max Threads of a channel that does not say.
const THREADS: u16 = 4;
/// Timeout of a channel that does not say, in seconds.
const TIMEOUT: u32 = 60;

impl Import<'_> {
    pub(super) fn channels(
        &mut self,
        outbound: &OutboundProvision,
        sp: &ConnectionId,
        path: &str,
    ) -> Vec<Channel> {
        let mut channels: Vec<Channel> = Vec::new();
        for (index, document) in outbound.channels.iter().enumerate() {
            let path = format!("{path}.channels[{index}]");
            if channels
                .iter()
                .any(|known| known.name.to_lowercase() == document.name.to_lowercase())
            {
                self.twice(&path, "name", &document.name);
                continue;
            }
            if document.name.is_empty() || document.name.trim() != document.name {
                self.report.problem(
                    &format!("{path}.name"),
                    "a name without white space at its ends",
                    &quoted(&document.name),
                    "",
                );
            }
            channels.push(self.channel(document, sp, &path));
        }
        channels
    }

    fn channel(&mut self, document: &ChannelDocument, sp: &ConnectionId, path: &str) -> Channel {
        let current = self.current_channel(sp, &document.name);
        let id = match &current {
            Some(channel) => channel.id.clone(),
            None => ChannelId::new((self.context.ids)()),
        };
        self.channel_paths.insert(id.clone(), path.to_owned());
        let number = |given: Option<i64>, default: u32| {
            given.and_then(|n| u32::try_from(n).ok()).unwrap_or(default)
        };
        let mut source = self.source(&document.channel_source, &format!("{path}.channelSource"));
        // What the published shape lacks stays, until policies say otherwise.
        let policy = match current {
            Some(channel) => {
                source.expiry = channel.source.expiry;
                channel.policy
            }
            None => Policy::default(),
        };
        Channel {
            id,
            name: document.name.clone(),
            active: document.active,
            max_threads: number(document.max_threads, THREADS.into()) as u16,
            timeout_seconds: number(document.timeout, TIMEOUT),
            source,
            mapping: document
                .attribute_mapping
                .iter()
                .map(mapping_rule)
                .collect(),
            policy,
        }
    }

    pub(super) fn current_channel(&self, sp: &ConnectionId, name: &str) -> Option<Channel> {
        let current = &self.context.current.sp_connections;
        let sp = current.iter().find(|known| &known.id == sp)?;
        sp.channels.iter().find(|known| known.name == name).cloned()
    }

    fn source(&mut self, document: &ChannelSourceDocument, path: &str) -> ChannelSource {
        let changes = &document.change_detection_settings;
        let members = &document.group_membership_detection;
        let changes_path = format!("{path}.changeDetectionSettings");
        let members_path = format!("{path}.groupMembershipDetection");
        self.attribute(
            &document.guid_attribute_name,
            &format!("{path}.guidAttributeName"),
        );
        self.attribute(
            &changes.time_stamp_attribute_name,
            &format!("{changes_path}.timeStampAttributeName"),
        );
        self.attribute(
            &changes.user_object_class,
            &format!("{changes_path}.userObjectClass"),
        );
        self.attribute(
            &changes.group_object_class,
            &format!("{changes_path}.groupObjectClass"),
        );
        let member_of = given(members.member_of_group_attribute_name.clone());
        if let Some(name) = &member_of {
            self.attribute(name, &format!("{members_path}.memberOfGroupAttributeName"));
        }
        let member = given(members.group_member_attribute_name.clone())
            .unwrap_or_else(|| "member".to_owned());
        self.attribute(&member, &format!("{members_path}.groupMemberAttributeName"));
        self.base_dn(&document.base_dn, &format!("{path}.baseDn"));
        let usn = self.usn(document, &changes_path);
        ChannelSource {
            data_store: DataStoreId::new(&document.data_source.id),
            guid_attribute: document.guid_attribute_name.clone(),
            guid_binary: document.guid_binary,
            base_dn: document.base_dn.clone(),
            member_of_attribute: member_of,
            group_member_attribute: member,
            user_object_class: changes.user_object_class.clone(),
            group_object_class: changes.group_object_class.clone(),
            change_detection: change_detection(&changes.changed_users_algorithm),
            usn_attribute: usn,
            timestamp_attribute: changes.time_stamp_attribute_name.clone(),
            status: self.status(
                &document.account_management_settings,
                &format!("{path}.accountManagementSettings"),
            ),
            expiry: None,
            users: self.users(
                &document.user_source_location,
                &format!("{path}.userSourceLocation"),
            ),
            groups: document
                .group_source_location
                .as_ref()
                .and_then(|location| {
                    let path = format!("{path}.groupSourceLocation");
                    let location = self.location(location, &path);
                    (location != Location::default()).then_some(location)
                }),
        }
    }

    fn attribute(&mut self, name: &str, path: &str) {
        if !attribute::is_description(name) {
            self.report.problem(
                path,
                "a name of letters, digits and hyphens",
                &quoted(name),
                "the data store's type has the usual one",
            );
        }
    }

    fn base_dn(&mut self, dn: &str, path: &str) {
        if dn.trim().is_empty() {
            self.report.problem(
                path,
                "the DN below which everything is searched",
                "nothing",
                "such as `dc=example,dc=org`",
            );
        } else {
            self.dn(dn, path);
        }
    }

    pub(super) fn dn(&mut self, dn: &str, path: &str) {
        if let Err(error) = Dn::parse(dn) {
            self.report
                .problem(path, "a DN", &quoted(dn), &error.to_string());
        }
    }

    pub(super) fn filter(&mut self, filter: &str, path: &str) {
        if let Err(error) = Filter::parse(filter) {
            let hint = error.to_string();
            self.report
                .problem(path, "an LDAP filter", &quoted(filter), &hint);
        }
    }

    fn usn(&mut self, document: &ChannelSourceDocument, path: &str) -> Option<String> {
        let changes = &document.change_detection_settings;
        let usn = given(changes.usn_attribute_name.clone());
        let path = format!("{path}.usnAttributeName");
        match &usn {
            Some(name) => self.attribute(name, &path),
            None if changes.changed_users_algorithm == "ACTIVE_DIRECTORY_USN" => {
                self.report.problem(
                    &path,
                    "the attribute with the update sequence number",
                    "nothing",
                    "usually `uSNChanged`",
                );
            }
            None => {}
        }
        usn
    }

    fn status(&mut self, document: &AccountManagement, path: &str) -> StatusRule {
        let attribute = document.account_status_attribute_name.trim().to_owned();
        let default = document.default_status.unwrap_or(true);
        if document.account_status_algorithm == "ACCOUNT_STATUS_ALGORITHM_AD" {
            return StatusRule::AdBitmap { attribute, default };
        }
        let value = document.flag_comparison_value.clone().unwrap_or_default();
        if !attribute.is_empty() && value.trim().is_empty() {
            self.report.problem(
                &format!("{path}.flagComparisonValue"),
                "the value that the attribute is compared with",
                "nothing",
                "such as `true`",
            );
        }
        StatusRule::Flag {
            attribute,
            value,
            status_when_equal: document.flag_comparison_status.unwrap_or(true),
            default,
        }
    }

    fn users(&mut self, document: &SourceLocation, path: &str) -> Location {
        let location = self.location(document, path);
        if location.group_dn.is_none() && location.filter.is_none() {
            self.report.problem(
                path,
                "a groupDN or a filter that says who is provisioned",
                "neither",
                "for everybody below the base DN use the filter `(objectClass=*)`",
            );
        }
        location
    }

    fn location(&mut self, document: &SourceLocation, path: &str) -> Location {
        let group_dn = given(document.group_dn.clone());
        let filter = given(document.filter.clone());
        if let Some(dn) = &group_dn {
            self.dn(dn, &format!("{path}.groupDN"));
        }
        if let Some(text) = &filter {
            self.filter(text, &format!("{path}.filter"));
        }
        if group_dn.is_some() && filter.is_some() {
            self.report
                .warn(path, "a groupDN and a filter are given: both must hold");
        }
        Location {
            // Without a group there is nothing that could be nested.
            nested: group_dn.is_some() && document.nested_search.unwrap_or(false),
            group_dn,
            filter,
        }
    }
}

fn change_detection(algorithm: &str) -> ChangeDetection {
    match algorithm {
        "ACTIVE_DIRECTORY_USN" => ChangeDetection::ActiveDirectoryUsn,
        "TIMESTAMP" => ChangeDetection::Timestamp,
        _ => ChangeDetection::TimestampNoNegation,
    }
}

fn mapping_rule(document: &SaasAttributeMapping) -> MappingRule {
    let info = &document.saas_field_info;
    MappingRule {
        field: document.field_name.clone(),
        attributes: info.attribute_names.clone(),
        default: info.default_value.clone().filter(|text| !text.is_empty()),
        expression: given(info.expression.clone()),
        create_only: info.create_only.unwrap_or(false),
        trim: info.trim.unwrap_or(false),
        case: match info.character_case.as_deref() {
            Some("UPPER") => CharacterCase::Upper,
            Some("LOWER") => CharacterCase::Lower,
            _ => CharacterCase::None,
        },
        parser: match info.parser.as_deref() {
            Some("EXTRACT_CN_FROM_DN") => Parser::ExtractCnFromDn,
            Some("EXTRACT_USERNAME_FROM_EMAIL") => Parser::ExtractUsernameFromEmail,
            _ => Parser::None,
        },
        masked: info.masked.unwrap_or(false),
    }
}
