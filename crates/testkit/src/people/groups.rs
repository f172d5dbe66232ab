//! The groups: a few odd ones first, then as many ordinary ones as are asked for.

use std::collections::BTreeSet;

use super::ldif::{Record, escaped};
use super::names::{DEPARTMENTS, WORDS};
use super::person::Unit;
use super::random::{Random, uuid};
use super::{Company, odd};

/// Where groups stand in the tree.
const PLACES: [&str; 2] = ["Groups", "Field Groups"];

/// What must become of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupExpected {
    /// At the target, with the provisioned among its people.
    Provisioned,
    /// Another group has its name: neither is sent.
    Conflict,
    /// Its name belongs to the target: never written.
    ProtectedName,
}

/// A group of the company.
#[derive(Debug, Clone)]
pub struct Group {
    /// From 0.
    pub number: u32,
    /// What is odd about it.
    pub tag: Option<&'static str>,
    /// Its `cn`.
    pub name: String,
    /// As written in the LDIF.
    pub dn: String,
    /// `entryUUID`.
    pub key: String,
    /// What must become of it.
    pub expected: GroupExpected,
    /// Everybody but machines is a member, beside those of `people`.
    pub everybody: bool,
    /// Members that are people, by number.
    pub people: BTreeSet<u32>,
    /// Members that are groups, by number.
    pub groups: Vec<u32>,
    /// Members that are neither.
    pub others: Vec<String>,
}

type Make = fn(&Company, &mut Group);

/// How many odd ones there are.
pub(super) const COUNT: u32 = ODD.len() as u32;

/// People by number: a few ordinary ones, others for each start.
fn some(company: &Company, group: &mut Group, from: u32, count: u32) {
    let first = odd::COUNT + from;
    group
        .people
        .extend((first..first + count).filter(|number| *number < company.options.users));
}

fn named(group: &mut Group, name: &str) {
    name.clone_into(&mut group.name);
}

fn ring(company: &Company, group: &mut Group, below: Option<u32>, from: u32) {
    group.groups = below.into_iter().map(|step| group.number + step).collect();
    some(company, group, from, 3);
}

const ODD: &[(&str, Make)] = &[
    ("everybody", |_, g| {
        named(g, "All Hands");
        g.everybody = true;
    }),
    ("empty", |_, g| named(g, "Nobody Yet")),
    ("awkward-name", |c, g| {
        named(g, "Docks, Cranes + Gear");
        some(c, g, 1, 4);
    }),
    ("awkward-name-longer", |c, g| {
        named(g, "docks, cranes + gear (North)");
        some(c, g, 2, 4);
    }),
    ("han-name", |c, g| {
        named(g, "設計 / 图纸");
        some(c, g, 3, 4);
    }),
    ("quoted-name", |c, g| {
        named(g, "\"The\" \\ Circle; #1 <all>");
        some(c, g, 4, 4);
    }),
    ("padded-name", |c, g| {
        named(g, " Padded ");
        some(c, g, 5, 2);
    }),
    ("long-name", |c, g| {
        g.name = format!("Committee on {}", "Very ".repeat(40).trim());
        some(c, g, 6, 2);
    }),
    ("same-name", |c, g| {
        named(g, "Choir");
        some(c, g, 7, 4);
        g.expected = GroupExpected::Conflict;
    }),
    ("same-name-other-case", |c, g| {
        named(g, "CHOIR");
        some(c, g, 8, 4);
        g.expected = GroupExpected::Conflict;
    }),
    ("protected-name", |c, g| {
        named(g, "Site-Admins");
        some(c, g, 9, 2);
        g.expected = GroupExpected::ProtectedName;
    }),
    ("ring-0", |c, g| {
        named(g, "Ring 0");
        ring(c, g, Some(1), 10);
    }),
    ("ring-1", |c, g| {
        named(g, "Ring 1");
        ring(c, g, Some(1), 20);
    }),
    ("ring-2", |c, g| {
        named(g, "Ring 2");
        ring(c, g, Some(1), 30);
    }),
    ("ring-3", |c, g| {
        named(g, "Ring 3");
        ring(c, g, None, 40);
    }),
    ("circle-a", |c, g| {
        named(g, "Circle A");
        ring(c, g, Some(1), 50);
    }),
    ("circle-b", |c, g| {
        named(g, "Circle B");
        g.groups = vec![g.number - 1];
        some(c, g, 60, 3);
    }),
    ("contains-itself", |c, g| {
        named(g, "Echo");
        ring(c, g, Some(0), 55);
    }),
    ("haunted", |c, g| {
        named(g, "Haunted");
        some(c, g, 11, 3);
        g.others.push(c.ghost());
    }),
    ("mixed", |c, g| {
        named(g, "All Sorts");
        some(c, g, 12, 3);
        // Every odd person, whatever becomes of it.
        g.people.extend(0..odd::COUNT);
        g.others.push(c.placeholder());
        g.others.push(Unit::Machines.dn(&c.options.base));
    }),
    ("odd-writing", |c, g| {
        named(g, "Capitals");
        some(c, g, 13, 1);
        // The same name, written as a person would.
        let shouted = |number| {
            c.person(number)
                .dn
                .replace("uid=", "UID = ")
                .replace(",ou=", ", OU=")
        };
        let far: Vec<String> = (odd::COUNT + 14..(odd::COUNT + 16).min(c.options.users))
            .map(shouted)
            .collect();
        g.others.extend(far);
    }),
];

impl Company {
    /// A group by number; the odd ones come first.
    pub fn group(&self, number: u32) -> Group {
        let mut group = Group {
            number,
            tag: None,
            name: String::new(),
            dn: String::new(),
            key: uuid(
                self.options.seed ^ self.options.keys.wrapping_mul(0x5851_f42d_4c95_7f2d),
                "group",
                u64::from(number),
            ),
            expected: GroupExpected::Provisioned,
            everybody: false,
            people: BTreeSet::new(),
            groups: Vec::new(),
            others: Vec::new(),
        };
        if let Some((tag, make)) = self.odd_group(number) {
            group.tag = Some(tag);
            make(self, &mut group);
        } else {
            self.ordinary_group(&mut group);
        }
        let place = PLACES
            .get((number % 2) as usize)
            .copied()
            .unwrap_or("Groups");
        group.dn = format!(
            "cn={},ou={place},{}",
            escaped(&group.name),
            self.options.base
        );
        group
    }

    fn odd_group(&self, number: u32) -> Option<(&'static str, Make)> {
        let found = ODD.get(number as usize).copied();
        found.filter(|_| self.options.odd)
    }

    fn ordinary_group(&self, group: &mut Group) {
        let number = group.number;
        let random = &mut Random::of(self.options.seed, "group", u64::from(number));
        let (department, word) = (random.pick(DEPARTMENTS), random.pick(WORDS));
        group.name = format!("{department} {word} {number}");
        let first = if self.options.odd { COUNT } else { 0 };
        if number > first && random.chance(200) {
            group
                .groups
                .push(first + random.below(u64::from(number - first)) as u32);
        }
        // Half are small, few are large.
        let scale = random.below(8);
        let size = 1 + random
            .below(4 << scale)
            .min(u64::from(self.options.users) / 4);
        for _ in 0..size {
            group
                .people
                .insert(random.below(u64::from(self.options.users)) as u32);
        }
    }

    pub(super) fn group_record_head(&self, group: &Group) -> Record {
        let mut record = Record::new(&group.dn);
        record
            .text("objectClass", "groupOfNames")
            .text("cn", &group.name)
            .text("description", &format!("group {}", group.number));
        if group.people.is_empty()
            && group.groups.is_empty()
            && group.others.is_empty()
            && !group.everybody
        {
            record.text("member", &self.placeholder());
        }
        record
    }

    /// A group and all that it contains through nesting, by number.
    pub fn groups_within(&self, number: u32) -> BTreeSet<u32> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![number]);
        while let Some(next) = open.pop() {
            if seen.insert(next) {
                open.extend(self.group(next).groups);
            }
        }
        seen
    }

    /// The people of a group through all nesting, by number; without those of `everybody`.
    pub fn people_of(&self, number: u32) -> BTreeSet<u32> {
        let mut people = BTreeSet::new();
        for group in self
            .groups_within(number)
            .into_iter()
            .map(|one| self.group(one))
        {
            people.extend(&group.people);
            if group.tag == Some("odd-writing") {
                let far = odd::COUNT + 14..odd::COUNT + 16;
                people.extend(far.filter(|number| *number < self.options.users));
            }
        }
        people
    }

    pub(super) fn group_places(&self) -> [(&'static str, String); 2] {
        PLACES.map(|place| (place, format!("ou={place},{}", self.options.base)))
    }
}
