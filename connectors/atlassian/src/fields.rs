//! The fields of an account, in the order they are shown.

use usher_core::descriptor::FieldDescriptor;

/// One row: name, label, SCIM path, what is special about it, notes.
struct Row(
    &'static str,
    &'static str,
    &'static str,
    &'static [Is],
    &'static [&'static str],
);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Required,
    Unique,
    CaseExact,
    /// Atlassian copies it from the record to the account.
    Account,
}

use Is::{Account, CaseExact, Required, Unique};

const PHONE: &str = "Format such as +1-201-555-0123.";
const NAME: &str = "Stays in the directory's record; people see the display name.";

const ROWS: &[Row] = &[
    Row(
        "userName",
        "User name",
        "userName",
        &[Required, Unique],
        &["Identifies the record; compared without regard to case. People do not see it."],
    ),
    Row(
        "workEmail",
        "Work e-mail",
        "emails[type eq \"work\"].value",
        &[Required, Unique, Account],
        &[
            "Always sent as the primary address; people log in with it.",
            "Map it from the same attribute as the NameID of single sign-on, otherwise accounts are doubled.",
            "An address of a domain that the organization has not verified unlinks the account.",
        ],
    ),
    Row(
        "homeEmail",
        "Home e-mail",
        "emails[type eq \"home\"].value",
        &[],
        &[],
    ),
    Row(
        "otherEmail",
        "Other e-mail",
        "emails[type eq \"other\"].value",
        &[],
        &[],
    ),
    Row("givenName", "Given name", "name.givenName", &[], &[NAME]),
    Row("familyName", "Family name", "name.familyName", &[], &[NAME]),
    Row("middleName", "Middle name", "name.middleName", &[], &[NAME]),
    Row(
        "honorificPrefix",
        "Prefix",
        "name.honorificPrefix",
        &[],
        &[NAME],
    ),
    Row(
        "honorificSuffix",
        "Suffix",
        "name.honorificSuffix",
        &[],
        &[NAME],
    ),
    Row("formatted", "Full name", "name.formatted", &[], &[NAME]),
    Row(
        "displayName",
        "Display name",
        "displayName",
        &[Account],
        &["Empty: Atlassian joins given and family name."],
    ),
    Row(
        "nickName",
        "Nickname",
        "nickName",
        &[Account],
        &["Becomes the public name."],
    ),
    Row("title", "Job title", "title", &[Account], &[]),
    Row(
        "preferredLanguage",
        "Language",
        "preferredLanguage",
        &[Account],
        &["Such as en-US."],
    ),
    Row(
        "timezone",
        "Time zone",
        "timezone",
        &[Account],
        &["IANA name such as America/Los_Angeles."],
    ),
    Row(
        "organization",
        "Organization",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization",
        &[Account],
        &[],
    ),
    Row(
        "department",
        "Department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        &[Account],
        &[],
    ),
    Row(
        "workPhone",
        "Work phone",
        "phoneNumbers[type eq \"work\"].value",
        &[],
        &[PHONE],
    ),
    Row(
        "mobilePhone",
        "Mobile phone",
        "phoneNumbers[type eq \"mobile\"].value",
        &[],
        &[PHONE],
    ),
    Row(
        "homePhone",
        "Home phone",
        "phoneNumbers[type eq \"home\"].value",
        &[],
        &[PHONE],
    ),
    Row(
        "otherPhone",
        "Other phone",
        "phoneNumbers[type eq \"other\"].value",
        &[],
        &[PHONE],
    ),
    Row(
        "faxPhone",
        "Fax",
        "phoneNumbers[type eq \"fax\"].value",
        &[],
        &[PHONE],
    ),
    Row(
        "pagerPhone",
        "Pager",
        "phoneNumbers[type eq \"pager\"].value",
        &[],
        &[PHONE],
    ),
    Row(
        "externalId",
        "External id",
        "externalId",
        &[Unique, CaseExact],
        &[
            "The source key when it is not mapped: it recognises the person after a rename. Leave it so.",
        ],
    ),
];

/// Every field.
pub(crate) fn fields() -> Vec<FieldDescriptor> {
    ROWS.iter().map(field).collect()
}

fn field(Row(name, label, path, is, notes): &Row) -> FieldDescriptor {
    let account = is.contains(&Account);
    let reach = if account {
        "Reaches the account."
    } else {
        "Does not reach the account: it stays in the directory's record."
    };
    FieldDescriptor {
        name: (*name).to_owned(),
        label: (*label).to_owned(),
        required: is.contains(&Required),
        unique: is.contains(&Unique),
        case_exact: is.contains(&CaseExact),
        multi_valued: false,
        reaches_account: account,
        max_length: None,
        scim_path: (*path).to_owned(),
        notes: [reach]
            .iter()
            .chain(*notes)
            .map(|note| (*note).to_owned())
            .collect(),
    }
}
