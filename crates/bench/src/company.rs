//! A generated company: everybody follows from a number, so that nobody needs to be kept.

use std::io::{self, Write};

pub(crate) const BASE: &str = "dc=bench,dc=test";

/// Long ago, so that a delta does not see the first load.
const LOADED: &str = "20240101000000Z";

const GIVEN: [&str; 8] = [
    "Ana", "Jürgen", "Mei", "Olu", "Sofía", "Tom", "Zoë", "Wiremu",
];
const FAMILY: [&str; 7] = [
    "Okafor", "Müller", "Nguyen", "Silva", "O'Brien", "Kowalski", "Tanaka",
];
const TITLES: [&str; 5] = ["Engineer", "Accountant", "Nurse", "Buyer", "Team lead"];

/// Every so manieth group is a large one.
const LARGE_EVERY: u64 = 200;

/// How large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Company {
    pub(crate) people: u64,
    pub(crate) groups: u64,
}

impl Company {
    /// With so many people, and a group for each fifty.
    pub(crate) fn of(people: u64) -> Self {
        Self {
            people,
            groups: (people / 50).min(2_000),
        }
    }

    pub(crate) fn without_groups(people: u64) -> Self {
        Self { people, groups: 0 }
    }

    /// Numbers of a group's members.
    pub(crate) fn members(self, group: u64) -> impl Iterator<Item = u64> {
        let size = self.group_size(group);
        let first = group.wrapping_mul(7_919);
        (0..size).map(move |at| (first + at) % self.people)
    }

    pub(crate) fn group_size(self, group: u64) -> u64 {
        let size = if group.is_multiple_of(LARGE_EVERY) {
            2_000
        } else {
            50
        };
        size.min(self.people)
    }

    /// All memberships.
    pub(crate) fn memberships(self) -> u64 {
        (0..self.groups).map(|group| self.group_size(group)).sum()
    }

    /// Writes everything as LDIF (RFC 2849).
    pub(crate) fn ldif(self, out: &mut impl Write) -> io::Result<()> {
        let entry = |out: &mut dyn Write, dn: &str, lines: &[&str], uuid: &str| {
            writeln!(out, "dn: {dn}")?;
            for line in lines {
                writeln!(out, "{line}")?;
            }
            writeln!(out, "entryUUID: {uuid}\nmodifyTimestamp: {LOADED}\n")
        };
        let organisation = [
            "objectClass: dcObject",
            "objectClass: organization",
            "dc: bench",
            "o: Bench",
        ];
        entry(out, BASE, &organisation, &uuid(3, 0))?;
        for (number, unit) in ["people", "groups"].iter().enumerate() {
            let lines = ["objectClass: organizationalUnit", &format!("ou: {unit}")];
            entry(
                out,
                &format!("ou={unit},{BASE}"),
                &lines,
                &uuid(3, 1 + number as u64),
            )?;
        }
        for number in 0..self.people {
            writeln!(out, "dn: {}\nobjectClass: inetOrgPerson", person_dn(number))?;
            for (name, value) in attributes(number) {
                line(out, name, &value)?;
            }
            writeln!(out, "description: not asked for, as much in a directory")?;
            writeln!(
                out,
                "entryUUID: {}\nmodifyTimestamp: {LOADED}\n",
                person_key(number)
            )?;
        }
        for group in 0..self.groups {
            writeln!(
                out,
                "dn: {}\nobjectClass: groupOfNames\ncn: {}",
                group_dn(group),
                group_name(group)
            )?;
            for member in self.members(group) {
                writeln!(out, "member: {}", person_dn(member))?;
            }
            writeln!(
                out,
                "entryUUID: {}\nmodifyTimestamp: {LOADED}\n",
                group_key(group)
            )?;
        }
        Ok(())
    }
}

/// What a person's entry holds, beside object class and operational attributes.
pub(crate) fn attributes(number: u64) -> Vec<(&'static str, String)> {
    let pick = |list: &[&'static str]| {
        list.get((number % list.len() as u64) as usize)
            .copied()
            .unwrap_or_default()
    };
    let (given, family) = (pick(&GIVEN), pick(&FAMILY));
    vec![
        ("uid", format!("u{number:07}")),
        ("cn", format!("{given} {family} {number}")),
        ("givenName", given.to_owned()),
        ("sn", family.to_owned()),
        ("mail", format!("u{number:07}@example.com")),
        ("title", pick(&TITLES).to_owned()),
        ("telephoneNumber", format!("+44 20 {number:08}")),
        ("mobile", format!("+44 7700 {number:08}")),
        ("preferredLanguage", "en-GB".to_owned()),
        ("o", "Bench Ltd".to_owned()),
        ("departmentNumber", format!("D{}", number % 40)),
    ]
}

pub(crate) fn person_dn(number: u64) -> String {
    format!("uid=u{number:07},ou=people,{BASE}")
}

pub(crate) fn group_dn(group: u64) -> String {
    format!("cn={},ou=groups,{BASE}", group_name(group))
}

pub(crate) fn group_name(group: u64) -> String {
    format!("group-{group:05}")
}

pub(crate) fn person_key(number: u64) -> String {
    uuid(1, number)
}

pub(crate) fn group_key(group: u64) -> String {
    uuid(2, group)
}

/// The number that a person's key or DN was made of.
pub(crate) fn number_of_key(key: &str) -> Option<u64> {
    u64::from_str_radix(key.strip_prefix("00000001-0000-4000-8000-")?, 16).ok()
}

pub(crate) fn number_of_dn(dn: &str) -> Option<u64> {
    dn.strip_prefix("uid=u")?.split(',').next()?.parse().ok()
}

fn uuid(kind: u64, number: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// One attribute line; what is not ASCII goes in base64.
fn line(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    if value.is_ascii() {
        writeln!(out, "{name}: {value}")
    } else {
        writeln!(out, "{name}:: {}", base64(value.as_bytes()))
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| chunk.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * at) & 63) as usize).copied();
            text.push(if at <= chunk.len() {
                letter.map_or('=', char::from)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_is_twice_in_one_group() {
        let company = Company::of(1_000);
        assert_eq!(company.groups, 20);
        for group in 0..company.groups {
            let members: Vec<u64> = company.members(group).collect();
            let distinct: BTreeSet<u64> = members.iter().copied().collect();
            assert_eq!(distinct.len(), members.len());
            assert_eq!(members.len() as u64, company.group_size(group));
        }
    }

    #[test]
    fn keys_and_names_lead_back_to_their_numbers() {
        for number in [0, 7, 999_999] {
            assert_eq!(number_of_key(&person_key(number)), Some(number));
            assert_eq!(number_of_dn(&person_dn(number)), Some(number));
        }
        assert_eq!(number_of_key(&group_key(7)), None);
    }

    #[test]
    fn letters_beyond_ascii_are_written_in_base64() {
        let mut out = Vec::new();
        line(&mut out, "sn", "Müller").expect("memory");
        assert_eq!(String::from_utf8(out).expect("text"), "sn:: TcO8bGxlcg==\n");
    }

    #[test]
    fn the_ldif_holds_everybody_and_every_group() {
        let mut out = Vec::new();
        Company::of(200).ldif(&mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.matches("objectClass: inetOrgPerson").count(), 200);
        assert_eq!(text.matches("objectClass: groupOfNames").count(), 4);
        assert_eq!(
            text.matches("\nmember: ").count() as u64,
            Company::of(200).memberships()
        );
    }
}
