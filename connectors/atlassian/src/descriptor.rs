//! What this connector declares.

use usher_core::descriptor::{Capabilities, ConnectorDescriptor, MetadataFile};
use usher_core::model::Kind;

use crate::fields::fields;
use crate::groups::PROTECTED;
use crate::mapping::default_mapping;
use crate::settings::settings;

/// The descriptor. Limits that Atlassian does not publish are modest guesses, marked so in the README.
pub(crate) fn descriptor() -> ConnectorDescriptor {
    ConnectorDescriptor {
        id: crate::TEMPLATE_ID.to_owned(),
        name: "Atlassian Provisioner".to_owned(),
        settings: settings(),
        fields: fields(),
        username_field: "userName".to_owned(),
        email_field: "workEmail".to_owned(),
        external_id_field: "externalId".to_owned(),
        protected_groups: PROTECTED.iter().map(|name| (*name).to_owned()).collect(),
        metadata: Some(MetadataFile {
            name: "atlassian-saml-metadata.xml",
            text: include_str!("../atlassian-saml-metadata.xml"),
        }),
        capabilities: Capabilities {
            groups: true,
            nested_groups: false,
            group_rename: false,
            member_batch: 50,
            requests_per_second: 5.0,
            in_flight: 4,
            lookups: vec![
                (Kind::User, "externalId".to_owned()),
                (Kind::User, "userName".to_owned()),
                (Kind::Group, "displayName".to_owned()),
            ],
        },
        default_mapping: default_mapping(),
    }
}
