//! A sample organisation: some 200 people and 20 groups of a company that does not exist.
//!
//! It is what a real directory is like: nested groups (two of them contain each other), people who are
//! disabled, names in several scripts and with every character that has a meaning in a DN, an address
//! that two people share in different case, somebody without one, guests that nobody wants provisioned,
//! and the account that administers the target. The same every time.
//!
//! ```
//! let people = usher_sandbox::sample::entries();
//! let export = usher_sandbox::sample::ldif();
//! assert!(people.len() > 200 && export.starts_with("version: 1\n"));
//! ```

mod groups;
mod odd;
mod people;
mod person;
#[cfg(test)]
mod tests;

use usher_directory::Dn;
use usher_directory::ldif::LdifWriter;
use uuid::Builder;

use crate::directory::DemoEntry;

/// The base of everything.
pub const BASE_DN: &str = "dc=example,dc=com";
/// Where the people are, in one unit per department.
pub const PEOPLE_DN: &str = "ou=people,dc=example,dc=com";
/// Where the groups are.
pub const GROUPS_DN: &str = "ou=groups,dc=example,dc=com";
/// The account that reads the directory; it is an entry too.
pub const BIND_DN: &str = "cn=usher,ou=services,dc=example,dc=com";
/// The mail domain of the company.
pub const DOMAIN: &str = "example.com";
/// The filter of those who are to have an account: staff and contractors, no guests.
pub const PEOPLE_FILTER: &str = "(|(employeeType=staff)(employeeType=contractor))";
/// The same filter with two letters exchanged: it finds the contractors only.
pub const MISTYPED_FILTER: &str = "(|(employeeType=satff)(employeeType=contractor))";
/// The filter of the groups.
pub const GROUPS_FILTER: &str = "(cn=*)";
/// The attribute by which somebody is disabled, as OpenLDAP has it.
pub const LOCK_ATTRIBUTE: &str = "pwdAccountLockedTime";
/// The value that stands for a decision of an administrator; any other is a passing lock.
pub const LOCKED: &str = "000001010000Z";
/// An engineer, in four groups through nesting; somebody for whom things happen.
pub const ANA: &str = "uid=ana.diaz,ou=Engineering,ou=people,dc=example,dc=com";
/// Somebody of whom the target has a record already, made by hand.
pub const LENA: &str = "uid=lena.hoffmann,ou=Legal,ou=people,dc=example,dc=com";
/// Somebody in Sales; the demonstration deletes the entry.
pub const PETRA: &str = "uid=petra.lind,ou=Sales,ou=people,dc=example,dc=com";
/// The account that administers the target; it must never be written to.
pub const ADMINISTRATOR: &str = "uid=svc-cloud-admin,ou=services,dc=example,dc=com";
/// The address of [`ADMINISTRATOR`].
pub const ADMINISTRATOR_MAIL: &str = "cloud-admin@example.com";
/// How many people have an account at the target when everything is settled.
pub const PROVISIONED_PEOPLE: usize = 200;
/// Of those, contractors.
pub const CONTRACTORS: usize = 20;
/// How many groups the target has when everything is settled: all but one, whose name is protected there.
pub const PROVISIONED_GROUPS: usize = 19;

/// When the organisation was last changed, before anybody plays with it.
const STAMP: &str = "20240902080000Z";

/// The whole organisation, parents first, with the attributes that a server keeps by itself
/// (`entryUUID`, `createTimestamp`, `modifyTimestamp`).
pub fn entries() -> Vec<DemoEntry> {
    let people: Vec<DemoEntry> = people::all();
    let groups = groups::all(&people);
    let mut all = containers();
    all.extend(services());
    all.extend(people);
    all.extend(groups);
    all.into_iter().map(kept_by_the_server).collect()
}

/// The organisation as an LDIF export, such as `slapcat` writes.
pub fn ldif() -> String {
    // Writing to memory does not fail, and every name here is a DN; a test reads it back.
    let Ok(mut out) = LdifWriter::new(Vec::new()) else {
        return String::new();
    };
    for entry in entries() {
        let Ok(dn) = Dn::parse(&entry.dn) else {
            continue;
        };
        let values = entry.attributes.iter().flat_map(|(name, values)| {
            values
                .iter()
                .map(move |value| (name.as_str(), value.as_slice()))
        });
        if out.entry(&dn, values).is_err() {
            return String::new();
        }
    }
    String::from_utf8_lossy(&out.into_inner()).into_owned()
}

/// The record that somebody typed into the target before Usher came, as its SCIM document.
pub fn record_made_by_hand() -> serde_json::Value {
    serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "lena.hoffmann",
        "emails": [{"value": "lena.hoffmann@example.com", "type": "work", "primary": true}],
        "name": {"givenName": "Lena", "familyName": "Hofmann"},
        "displayName": "Lena Hofmann",
        "active": true,
    })
}

fn containers() -> Vec<DemoEntry> {
    let unit = |dn: String, name: &str| {
        DemoEntry::new(dn)
            .with("objectClass", "top")
            .with("objectClass", "organizationalUnit")
            .with("ou", name)
    };
    let mut all = vec![
        DemoEntry::new(BASE_DN)
            .with("objectClass", "top")
            .with("objectClass", "dcObject")
            .with("objectClass", "organization")
            .with("dc", "example")
            .with("o", "Example Company"),
        unit(PEOPLE_DN.to_owned(), "people"),
        unit(GROUPS_DN.to_owned(), "groups"),
        unit(format!("ou=services,{BASE_DN}"), "services"),
    ];
    let departments = people::DEPARTMENTS.iter().map(|department| department.name);
    all.extend(departments.map(|name| unit(format!("ou={name},{PEOPLE_DN}"), name)));
    all
}

/// Accounts of programs. The second has a place among the people's attributes, as such accounts
/// often do, and would be provisioned if it were not protected.
fn services() -> Vec<DemoEntry> {
    let mut administrator = person::Person::named("Cloud Administration", "svc-cloud-admin")
        .mail(ADMINISTRATOR_MAIL)
        .title("Service account")
        .entry("services");
    ADMINISTRATOR.clone_into(&mut administrator.dn);
    administrator.set("ou", "services");
    vec![
        DemoEntry::new(BIND_DN)
            .with("objectClass", "top")
            .with("objectClass", "applicationProcess")
            .with("cn", "usher")
            .with("description", "Reads the directory for Usher"),
        administrator,
    ]
}

fn kept_by_the_server(entry: DemoEntry) -> DemoEntry {
    let uuid = Builder::from_random_bytes(digest(&entry.dn)).into_uuid();
    entry
        .with("entryUUID", uuid.hyphenated().to_string())
        .with("createTimestamp", STAMP)
        .with("modifyTimestamp", STAMP)
}

/// 128 bits that follow from a text (FNV-1a, from two starts).
fn digest(text: &str) -> [u8; 16] {
    let half = |start: u64| {
        text.bytes()
            .fold(start, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            })
            .to_be_bytes()
    };
    let (one, two) = (half(0xcbf2_9ce4_8422_2325), half(0x9ae1_6a3b_2f90_404f));
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(one.into_iter().chain(two)) {
        *to = from;
    }
    bytes
}
