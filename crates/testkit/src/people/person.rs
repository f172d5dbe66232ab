//! One person: what the directory says, and what must become of it.

use std::collections::BTreeMap;

use super::ldif::escaped;
use super::names::{DEPARTMENTS, TITLES, TONGUES, TOWNS, Tongue};
use super::odd;
use super::random::{Random, uuid};
use super::{Company, Expected};

/// The domain of most addresses.
pub const DOMAIN: &str = "halden-yards.test";
/// Every domain of ordinary people's addresses, in lower case.
pub const DOMAINS: [&str; 3] = [DOMAIN, "workshop.halden-yards.test", "halden-yards.example"];
/// As they are written; the first most often.
const WRITTEN: &[&str] = &[
    DOMAIN,
    DOMAIN,
    DOMAIN,
    "Halden-Yards.test",
    "workshop.halden-yards.test",
    "halden-yards.example",
];

/// Where people stand in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Office,
    Field,
    Contractors,
    Former,
    Machines,
}

impl Unit {
    pub(super) const ALL: [Self; 5] = [
        Self::Office,
        Self::Field,
        Self::Contractors,
        Self::Former,
        Self::Machines,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Office => "Head Office",
            Self::Field => "Field, North + West",
            Self::Contractors => "Contractors",
            Self::Former => "Former",
            Self::Machines => "Machines",
        }
    }

    pub(super) fn dn(self, base: &str) -> String {
        format!("ou={},{base}", escaped(self.name()))
    }
}

/// Whom somebody reports to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boss {
    None,
    Person(u32),
    Oneself,
    Nobody,
}

/// Which RDN somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    Uid,
    Cn,
    Both,
}

/// Everything about a person before it is written down.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) number: u32,
    pub(super) tag: Option<&'static str>,
    pub(super) uid: Vec<String>,
    pub(super) cn: Vec<String>,
    pub(super) given: Option<String>,
    pub(super) sn: String,
    pub(super) display: Option<String>,
    pub(super) mail: Vec<String>,
    pub(super) phones: Vec<String>,
    pub(super) title: Option<String>,
    pub(super) department: String,
    pub(super) town: String,
    pub(super) description: Vec<String>,
    pub(super) more: Vec<(&'static str, Vec<u8>)>,
    pub(super) boss: Boss,
    pub(super) unit: Unit,
    pub(super) naming: Naming,
    pub(super) employee_type: &'static str,
    pub(super) disabled: bool,
    pub(super) passing_lock: bool,
    pub(super) expected: Expected,
}

/// A person of the company.
#[derive(Debug, Clone)]
pub struct Person {
    /// From 0.
    pub number: u32,
    /// What is odd about it.
    pub tag: Option<&'static str>,
    /// As written in the LDIF.
    pub dn: String,
    /// The first `uid`; empty for somebody without.
    pub uid: String,
    /// `entryUUID`.
    pub key: String,
    /// Whether the directory says that the account is disabled.
    pub disabled: bool,
    /// What must become of it, with the mapping of [`Company`].
    pub expected: Expected,
    /// What the target must hold if it is provisioned, by field of the mapping of [`Company`].
    pub wanted: BTreeMap<&'static str, String>,
    pub(super) draft: Draft,
}

impl Person {
    /// Whether an account must be there in the end.
    pub fn is_provisioned(&self) -> bool {
        self.expected == Expected::Provisioned
    }
}

fn tongue(random: &mut Random) -> &'static Tongue {
    let mut at = random.below(1_000) as u32;
    for tongue in TONGUES {
        if at < tongue.weight {
            return tongue;
        }
        at -= tongue.weight;
    }
    random.pick(TONGUES)
}

/// Two neighbours who share an address in different case: the second of them.
pub(super) fn shares_with(company: &Company, number: u32) -> Option<u32> {
    let every = company.options.shared_mail_every;
    if every < 2 || number >= company.options.users || number < odd::COUNT + every {
        return None;
    }
    match (number - odd::COUNT) % every {
        0 if number + 1 < company.options.users => Some(number + 1),
        1 => Some(number - 1),
        _ => None,
    }
}

impl Company {
    /// A person by number; the odd ones come first.
    pub fn person(&self, number: u32) -> Person {
        let draft = if number < odd::COUNT && self.options.odd {
            odd::person(self, number)
        } else {
            self.ordinary(number)
        };
        self.person_of(draft)
    }

    /// The person under a number as it would be without anything odd.
    pub(super) fn ordinary(&self, number: u32) -> Draft {
        let random = &mut Random::of(self.options.seed, "person", u64::from(number));
        if let Some(other) = shares_with(self, number) {
            let mut draft = self.employee(number, random, false);
            draft.expected = Expected::Conflict {
                with: vec![self.uid_of(other)],
            };
            draft.mail = vec![shared_mail(number, other)];
            return draft;
        }
        if random.chance(self.options.machines_per_thousand) {
            return machine(number, random);
        }
        self.employee(number, random, true)
    }

    fn uid_of(&self, number: u32) -> String {
        let random = &mut Random::of(self.options.seed, "person", u64::from(number));
        let draft = self.employee(number, random, false);
        draft.uid.first().cloned().unwrap_or_default()
    }

    /// An employee; with `troubled` perhaps disabled or without an address.
    fn employee(&self, number: u32, random: &mut Random, troubled: bool) -> Draft {
        let tongue = tongue(random);
        let (given, family) = (random.pick(tongue.given), random.pick(tongue.family));
        let ascii = |text: &str| -> String {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
                .to_lowercase()
        };
        let initial: String = ascii(given.1).chars().take(1).collect();
        let uid = format!("{initial}{}{number}", ascii(family.1));
        let last_first = random.chance(100);
        let cn = if last_first {
            format!("{}, {}", family.0, given.0)
        } else {
            format!("{} {}", given.0, family.0)
        };
        let domain = random.pick(WRITTEN);
        let mail = format!("{}.{}.{number}@{domain}", ascii(given.1), ascii(family.1));
        let phones = (0..random.below(4))
            .map(|_| {
                format!(
                    "+47 {:03} {:05}",
                    random.below(1_000),
                    random.below(100_000)
                )
            })
            .collect();
        let unit = *random.pick(&[Unit::Office, Unit::Office, Unit::Field, Unit::Contractors]);
        let boss = match number.checked_sub(odd::COUNT + 10) {
            Some(above) if random.chance(900) => Boss::Person(odd::COUNT + above / 9),
            _ => Boss::None,
        };
        let mut draft = Draft {
            number,
            tag: None,
            uid: vec![uid],
            cn: vec![cn],
            given: Some(given.0.to_owned()),
            sn: family.0.to_owned(),
            display: None,
            mail: vec![mail],
            phones,
            title: Some((*random.pick(TITLES)).to_owned()),
            department: (*random.pick(DEPARTMENTS)).to_owned(),
            town: (*random.pick(TOWNS)).to_owned(),
            description: Vec::new(),
            more: Vec::new(),
            boss,
            unit,
            naming: if random.chance(80) {
                Naming::Both
            } else {
                Naming::Uid
            },
            employee_type: if unit == Unit::Contractors {
                "contractor"
            } else {
                "employee"
            },
            disabled: false,
            passing_lock: false,
            expected: Expected::Provisioned,
        };
        if troubled {
            self.trouble(&mut draft, random);
        }
        draft
    }

    fn trouble(&self, draft: &mut Draft, random: &mut Random) {
        if random.chance(self.options.disabled_per_thousand) {
            draft.disabled = true;
            if random.chance(500) {
                draft.unit = Unit::Former;
            }
            draft.expected = Expected::Skipped;
        }
        if random.chance(self.options.no_mail_per_thousand) {
            draft.mail.clear();
            draft.expected = Expected::Invalid { field: "workEmail" };
        }
        draft.passing_lock = !draft.disabled && random.chance(5);
    }

    pub(super) fn person_of(&self, draft: Draft) -> Person {
        let base = &self.options.base;
        let cn = draft.cn.first().map_or("", String::as_str);
        let uid = draft.uid.first().map_or("", String::as_str);
        let rdn = match draft.naming {
            Naming::Uid => format!("uid={}", escaped(uid)),
            Naming::Cn => format!("cn={}", escaped(cn)),
            Naming::Both => format!("cn={}+uid={}", escaped(cn), escaped(uid)),
        };
        Person {
            number: draft.number,
            tag: draft.tag,
            dn: format!("{rdn},{}", draft.unit.dn(base)),
            uid: uid.to_owned(),
            key: uuid(
                self.options.seed ^ self.options.keys.wrapping_mul(0x5851_f42d_4c95_7f2d),
                "person",
                u64::from(draft.number),
            ),
            disabled: draft.disabled,
            expected: draft.expected.clone(),
            wanted: wanted(&draft),
            draft,
        }
    }
}

/// What an account must look like: the first value, control characters as spaces, nothing around it.
fn wanted(draft: &Draft) -> BTreeMap<&'static str, String> {
    let mut wanted = BTreeMap::new();
    let mut put = |field: &'static str, value: Option<&String>| {
        if let Some(value) = value
            .map(|value| cleaned(value))
            .filter(|value| !value.is_empty())
        {
            wanted.insert(field, value);
        }
    };
    put("userName", draft.uid.first());
    put("workEmail", draft.mail.first());
    put("displayName", draft.cn.first());
    put("givenName", draft.given.as_ref());
    put("familyName", Some(&draft.sn));
    put("title", draft.title.as_ref());
    put("department", Some(&draft.department));
    put("workPhone", draft.phones.first());
    wanted
}

/// Controls and the invisible characters that turn the direction of text become spaces.
pub(super) fn cleaned(value: &str) -> String {
    let unwanted = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    let spaced: String = value
        .trim()
        .chars()
        .map(|c| if unwanted(c) { ' ' } else { c })
        .collect();
    spaced.trim().to_owned()
}

fn shared_mail(number: u32, other: u32) -> String {
    let first = number.min(other);
    let mail = format!("desk.{first}@{DOMAIN}");
    if number == first {
        mail
    } else {
        mail.to_uppercase()
    }
}

fn machine(number: u32, random: &mut Random) -> Draft {
    let what = random.pick(&["backup", "scanner", "crane-log", "printer", "ldap-sync"]);
    let name = format!("svc-{what}-{number}");
    Draft {
        number,
        tag: None,
        uid: vec![name.clone()],
        cn: vec![name.clone()],
        given: None,
        sn: name,
        display: None,
        mail: Vec::new(),
        phones: Vec::new(),
        title: None,
        department: "IT".to_owned(),
        town: "Bergen".to_owned(),
        description: vec!["do not delete".to_owned()],
        more: Vec::new(),
        boss: Boss::None,
        unit: Unit::Machines,
        naming: Naming::Uid,
        employee_type: "service",
        disabled: false,
        passing_lock: false,
        expected: Expected::OutOfScope,
    }
}
