//! The people of the company, department by department.

use crate::directory::DemoEntry;

use super::odd;
use super::person::Person;
use super::{CONTRACTORS, PROVISIONED_PEOPLE};

/// A department: its name, its group, its titles, and how large a part of the company it is.
pub(super) struct Department {
    pub(super) name: &'static str,
    pub(super) group: &'static str,
    titles: [&'static str; 3],
    share: usize,
}

const fn department(
    name: &'static str,
    group: &'static str,
    titles: [&'static str; 3],
    share: usize,
) -> Department {
    Department {
        name,
        group,
        titles,
        share,
    }
}

/// The departments; the shares are parts of 20.
pub(super) const DEPARTMENTS: &[Department; 8] = &[
    department(
        "Engineering",
        "engineering",
        [
            "Software Engineer",
            "Quality Engineer",
            "Engineering Manager",
        ],
        6,
    ),
    department(
        "Sales",
        "sales",
        ["Account Executive", "Sales Engineer", "Sales Manager"],
        4,
    ),
    department(
        "Support",
        "support",
        ["Support Specialist", "Technical Writer", "Support Lead"],
        3,
    ),
    department(
        "Operations",
        "operations",
        ["Operations Analyst", "Facility Planner", "Buyer"],
        2,
    ),
    department(
        "Finance",
        "finance",
        ["Accountant", "Controller", "Payroll Specialist"],
        2,
    ),
    department(
        "Marketing",
        "marketing",
        ["Designer", "Editor", "Event Planner"],
        1,
    ),
    department(
        "People",
        "people-team",
        ["Recruiter", "Trainer", "People Partner"],
        1,
    ),
    department("Legal", "legal", ["Counsel", "Paralegal", "Auditor"], 1),
];

/// Given names with what a user name makes of them.
const GIVEN: &[(&str, &str)] = &[
    ("Amara", "amara"),
    ("Bram", "bram"),
    ("Céline", "celine"),
    ("Dario", "dario"),
    ("Elif", "elif"),
    ("Farid", "farid"),
    ("Greta", "greta"),
    ("Hiro", "hiro"),
    ("Ines", "ines"),
    ("Jun", "jun"),
    ("Katya", "katya"),
    ("Liam", "liam"),
    ("Mina", "mina"),
    ("Noor", "noor"),
    ("Oskar", "oskar"),
    ("Priya", "priya"),
    ("Quinn", "quinn"),
    ("Rosa", "rosa"),
    ("Sven", "sven"),
    ("Tomás", "tomas"),
    ("Uma", "uma"),
    ("Viktor", "viktor"),
    ("Wren", "wren"),
    ("Ximena", "ximena"),
    ("Yusuf", "yusuf"),
    ("Zuzana", "zuzana"),
    ("Aiko", "aiko"),
    ("Björn", "bjorn"),
    ("Chidi", "chidi"),
    ("Dalia", "dalia"),
];

/// Family names with what a user name makes of them.
const FAMILY: &[(&str, &str)] = &[
    ("Abara", "abara"),
    ("Bianchi", "bianchi"),
    ("Castro", "castro"),
    ("Dubois", "dubois"),
    ("Eriksen", "eriksen"),
    ("Fischer", "fischer"),
    ("García", "garcia"),
    ("Haddad", "haddad"),
    ("Ivanova", "ivanova"),
    ("Jansen", "jansen"),
    ("Kowalski", "kowalski"),
    ("Larsen", "larsen"),
    ("Moreau", "moreau"),
    ("Nakamura", "nakamura"),
    ("Okafor", "okafor"),
    ("Park", "park"),
    ("Quispe", "quispe"),
    ("Rossi", "rossi"),
    ("Sato", "sato"),
    ("Tanaka", "tanaka"),
    ("Urban", "urban"),
    ("Virtanen", "virtanen"),
    ("Weber", "weber"),
    ("Xu", "xu"),
    ("Yılmaz", "yilmaz"),
    ("Zeman", "zeman"),
    ("Mbeki", "mbeki"),
    ("Novák", "novak"),
    ("Sørensen", "sorensen"),
    ("Singh", "singh"),
];

const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];

/// Everybody.
pub(super) fn all() -> Vec<DemoEntry> {
    let mut people = odd::with_an_account();
    let staff = PROVISIONED_PEOPLE - CONTRACTORS - people.len();
    people.extend((0..staff).map(|number| ordinary(number, "staff")));
    let contractors = (0..CONTRACTORS).map(|number| ordinary(staff + number, "contractor"));
    people.extend(contractors);
    people.extend(odd::without_an_account());
    people
}

/// The `number`-th person of the crowd: no two have one name.
fn ordinary(number: usize, kind: &'static str) -> DemoEntry {
    let round = number / GIVEN.len();
    let (given, given_ascii) = pick(GIVEN, number);
    let (family, family_ascii) = pick(FAMILY, number * 7 + round * 11);
    let department = department_of(number);
    let uid = format!("{given_ascii}.{family_ascii}");
    let title = department
        .titles
        .get(if number % 9 == 4 { 2 } else { number % 2 })
        .copied()
        .unwrap_or_default();
    let phone = format!("+1-{}-555-01{:02}", 202 + number / 100, number % 100);
    Person::new(given, family, &uid)
        .kind(kind)
        .title(title)
        .phone(phone)
        .language(LANGUAGES.get(number % 4).copied().unwrap_or("en"))
        .entry(department.name)
}

fn pick(names: &'static [(&'static str, &'static str)], at: usize) -> (&'static str, &'static str) {
    names.get(at % names.len()).copied().unwrap_or_default()
}

/// The department in which the `number`-th person works: by share.
fn department_of(number: usize) -> &'static Department {
    // 3 and 20 have no common factor, so that departments mix.
    let mut place = number * 3 % 20;
    for department in DEPARTMENTS {
        if place < department.share {
            return department;
        }
        place -= department.share;
    }
    &DEPARTMENTS[0]
}
