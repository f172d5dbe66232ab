//! How the generic SCIM client speaks to Atlassian.

use usher_connector_scim::address::AddressRule;
use usher_connector_scim::{Profile, Remedy};
use usher_core::model::Kind;
use usher_scim::urn::USER;

use crate::descriptor::descriptor;
use crate::settings::{API_KEY, DIRECTORY_BASE_URL};

/// The service's own part of a user, with the id of the Atlassian account.
const ACCOUNT_EXTENSION: &str = "urn:scim:schemas:extension:atlassian-external:1.0";

/// The profile.
pub fn profile() -> Profile {
    Profile {
        descriptor: descriptor(),
        address: AddressRule {
            id_after: Some("directory".to_owned()),
            tails: ["scim", "Users", "Groups", "ServiceProviderConfig"]
                .map(str::to_owned)
                .to_vec(),
            example: "https://api.atlassian.com/scim/directory/<directory id>".to_owned(),
        },
        address_setting: DIRECTORY_BASE_URL.to_owned(),
        key_setting: API_KEY.to_owned(),
        user_schemas: vec![USER.to_owned()],
        page_size: 100,
        read_only: vec![ACCOUNT_EXTENSION.to_owned()],
        remedies: remedies(),
    }
}

fn remedies() -> Vec<Remedy> {
    let remedy = |status, kind, contains: &str, text: &str| Remedy {
        status,
        kind,
        contains: contains.to_owned(),
        text: text.to_owned(),
    };
    let user = Some(Kind::User);
    vec![
        remedy(
            401,
            None,
            "",
            "the API key is not accepted: it was regenerated, has expired (keys live for a year) or is a key of another kind; make a new one under user provisioning in Atlassian's administration",
        ),
        remedy(
            403,
            None,
            "",
            "the API key is for another directory than the base URL names; use the pair shown together",
        ),
        remedy(
            404,
            None,
            "directory",
            "the directory does not exist; compare the base URL with Atlassian's user provisioning page",
        ),
        remedy(
            409,
            user,
            "email",
            "another account or record holds this address; in Atlassian's managed accounts, change that account's address or delete it (14 days), or delete the stale record, then try again",
        ),
        remedy(
            409,
            user,
            "",
            "a record with the same userName, e-mail or externalId exists",
        ),
        remedy(
            409,
            Some(Kind::Group),
            "",
            "a group of this name exists; when it is not in this directory it belongs to the organization: rename it there or choose another name here",
        ),
        remedy(
            400,
            user,
            "primary",
            "map the work e-mail; exactly one primary address is needed",
        ),
        remedy(
            400,
            user,
            "domain",
            "verify the address's domain in Atlassian's administration, or take the person out of scope",
        ),
        remedy(
            400,
            Some(Kind::Group),
            "displayname",
            "a group cannot be renamed at Atlassian",
        ),
    ]
}
