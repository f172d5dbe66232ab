//! The groups: one per department, teams inside them, projects across them.

use crate::directory::DemoEntry;

use super::people::DEPARTMENTS;
use super::{ADMINISTRATOR, ANA, GROUPS_DN, LENA};

/// Teams of a department: group, department, and which of its people (every third, from which).
const TEAMS: &[(&str, &str, usize)] = &[
    ("platform", "Engineering", 0),
    ("web", "Engineering", 1),
    ("mobile", "Engineering", 2),
    ("sales-emea", "Sales", 0),
    ("sales-americas", "Sales", 1),
];

/// A group whose name has a comma, a plus and accents: `Café, Küche + Kantine`.
const CANTEEN: &str = r"cn=Café\, Küche \+ Kantine";

/// All 20.
pub(super) fn all(people: &[DemoEntry]) -> Vec<DemoEntry> {
    let mut all = vec![company()];
    for department in DEPARTMENTS {
        let members = of_department(people, department.name);
        // People of a team belong to the department through their team only.
        let direct = members.enumerate().filter(|(at, _)| {
            !TEAMS
                .iter()
                .any(|(_, of, from)| *of == department.name && at % 3 == *from)
        });
        let teams = TEAMS.iter().filter(|(_, of, _)| *of == department.name);
        let members = direct
            .map(|(_, dn)| dn.to_owned())
            .chain(teams.map(|(team, _, _)| dn_of(team)));
        all.push(group(department.group, members));
    }
    for (team, department, from) in TEAMS {
        let members = of_department(people, department).skip(*from).step_by(3);
        let members = members.filter(|dn| *dn != ANA).map(str::to_owned);
        // She is in the platform team because she is on call for it.
        let more = (*team == "platform").then(|| dn_of("platform-oncall"));
        all.push(group(team, members.chain(more)));
    }
    let on_call = of_department(people, "Engineering").step_by(8);
    all.push(group(
        "platform-oncall",
        std::iter::once(ANA)
            .chain(on_call.filter(|dn| *dn != ANA))
            .map(str::to_owned),
    ));
    all.extend(across(people));
    all
}

/// Everybody, through the departments' groups.
fn company() -> DemoEntry {
    group(
        "all-staff",
        DEPARTMENTS.iter().map(|department| dn_of(department.group)),
    )
}

fn across(people: &[DemoEntry]) -> Vec<DemoEntry> {
    let kind = |entry: &&DemoEntry| entry.text("employeeType") == Some("contractor");
    let contractors = people.iter().filter(kind).map(|entry| entry.dn.clone());
    let every = |step: usize, from: usize| {
        let some = people.iter().skip(from).step_by(step);
        some.map(|entry| entry.dn.clone()).collect::<Vec<_>>()
    };
    let mut canteen = group("Café, Küche + Kantine", every(11, 3));
    canteen.dn = format!("{CANTEEN},{GROUPS_DN}");
    vec![
        group("contractors", contractors),
        canteen,
        // Each has the other as a member: whoever is in one is in both.
        group(
            "project-atlas",
            every(17, 5).into_iter().chain([dn_of("project-borealis")]),
        ),
        group(
            "project-borealis",
            every(19, 7).into_iter().chain([dn_of("project-atlas")]),
        ),
        // The target has a built-in group of this name, which is nobody's to write to.
        group("site-admins", [ADMINISTRATOR, LENA].map(str::to_owned)),
    ]
}

fn group(name: &str, members: impl IntoIterator<Item = String>) -> DemoEntry {
    let mut entry = DemoEntry::new(dn_of(name))
        .with("objectClass", "top")
        .with("objectClass", "groupOfNames")
        .with("cn", name);
    for member in members {
        entry.add_value("member", member);
    }
    entry
}

/// The DN of a group whose name needs no escaping.
fn dn_of(name: &str) -> String {
    format!("cn={name},{GROUPS_DN}")
}

/// The DNs of a department's people, guests apart.
fn of_department<'a>(people: &'a [DemoEntry], name: &'a str) -> impl Iterator<Item = &'a str> {
    people
        .iter()
        .filter(move |entry| entry.text("ou") == Some(name))
        .filter(|entry| entry.text("employeeType") != Some("guest"))
        .map(|entry| entry.dn.as_str())
}
