//! What happens later: a few changes as LDIF change records, each with what it must lead to.

use super::ldif::{Record, escaped};
use super::person::{Naming, Unit};
use super::random::Random;
use super::{Company, Expected, Lock, Person, odd};

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Another title.
    Title,
    /// Another `uid`, and with it another name in the tree.
    Rename,
    /// Another unit, the same `uid`.
    Move,
    /// The account is disabled.
    Disable,
    /// The entry is deleted.
    Delete,
    /// Somebody new.
    Hire,
    /// A group gains the person.
    Join,
}

/// One change.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it does.
    pub kind: ChangeKind,
    /// The person before it; after it for somebody new.
    pub person: Person,
    /// The new title, `uid` or DN, as the kind says; the group's number for a join.
    pub to: String,
    /// The change record.
    pub ldif: String,
}

impl Company {
    /// So many changes of provisioned people, no person twice; fewer if there are not enough.
    pub fn changes(&self, count: u32) -> Vec<Change> {
        let mut random = Random::of(self.options.seed, "changes", 0);
        let mut people = self.changeable(&mut random);
        let mut changes = Vec::new();
        for at in 0..count {
            let kind = match random.below(100) {
                0..45 => ChangeKind::Title,
                45..55 => ChangeKind::Rename,
                55..62 => ChangeKind::Move,
                62..72 => ChangeKind::Disable,
                72..80 => ChangeKind::Delete,
                80..90 => ChangeKind::Hire,
                _ => ChangeKind::Join,
            };
            let change = if kind == ChangeKind::Hire {
                self.hire(self.options.users + at)
            } else {
                let Some(person) = people.next() else { break };
                self.change(kind, person, at, &mut random)
            };
            changes.push(change);
        }
        changes
    }

    /// Provisioned ordinary people in no order, each once.
    fn changeable<'a>(&'a self, random: &mut Random) -> impl Iterator<Item = Person> + use<'a> {
        let first = if self.options.odd { odd::COUNT } else { 0 };
        let span = u64::from(self.options.users.saturating_sub(first)).max(1);
        // A step without a common divisor reaches everybody once.
        let gcd = |mut a: u64, mut b: u64| {
            while b != 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        let mut step = 1 + random.below(span);
        while gcd(step, span) != 1 {
            step += 1;
        }
        let start = random.below(span);
        (0..span)
            .map(move |at| first + ((start + at * step) % span) as u32)
            .filter(|number| *number < self.options.users)
            .map(|number| self.person(number))
            .filter(Person::is_provisioned)
    }

    /// Somebody who was not there before, without any oddity.
    fn hire(&self, number: u32) -> Change {
        let mut draft = self.ordinary(number);
        draft.unit = Unit::Office;
        draft.naming = Naming::Uid;
        draft.employee_type = "employee";
        draft.disabled = false;
        draft.passing_lock = false;
        draft.boss = super::person::Boss::None;
        draft.mail = vec![format!("hire.{number}@{}", super::DOMAIN)];
        draft.expected = Expected::Provisioned;
        let person = self.person_of(draft);
        let record = self.person_record(&person).into_text();
        let ldif = record.replacen("\nobjectClass", "\nchangetype: add\nobjectClass", 1);
        Change {
            kind: ChangeKind::Hire,
            to: person.dn.clone(),
            person,
            ldif,
        }
    }

    fn change(&self, kind: ChangeKind, person: Person, at: u32, random: &mut Random) -> Change {
        let mut record = Record::new(&person.dn);
        let to = match kind {
            ChangeKind::Title | ChangeKind::Hire => {
                let title = format!("Promoted {at}");
                record.text("changetype", "modify").text("replace", "title");
                record.text("title", &title).dash();
                title
            }
            ChangeKind::Rename => {
                let uid = format!("renamed.{at}");
                let rdn = match (person.draft.naming, person.draft.cn.first()) {
                    (Naming::Both, Some(cn)) => format!("cn={}+uid={uid}", escaped(cn)),
                    _ => format!("uid={uid}"),
                };
                record.text("changetype", "modrdn").text("newrdn", &rdn);
                record.text("deleteoldrdn", "1");
                uid
            }
            ChangeKind::Move => self.moved(&person, &mut record),
            ChangeKind::Disable => {
                let (name, value) = match &self.options.lock {
                    Lock::PasswordPolicy => ("pwdAccountLockedTime", "000001010000Z"),
                    Lock::Attribute { name, value } => (name.as_str(), value.as_str()),
                };
                record.text("changetype", "modify").text("replace", name);
                record.text(name, value).dash();
                String::new()
            }
            ChangeKind::Delete => {
                record.text("changetype", "delete");
                String::new()
            }
            ChangeKind::Join => {
                let group = self.joined(&person, random);
                record = Record::new(&self.group(group).dn);
                record.text("changetype", "modify").text("add", "member");
                record.text("member", &person.dn).dash();
                group.to_string()
            }
        };
        Change {
            kind,
            person,
            to,
            ldif: record.into_text(),
        }
    }

    fn moved(&self, person: &Person, record: &mut Record) -> String {
        let to = match person.draft.unit {
            Unit::Field => Unit::Office,
            Unit::Office | Unit::Contractors | Unit::Former | Unit::Machines => Unit::Field,
        };
        let to = to.dn(&self.options.base);
        let unit = person.draft.unit.dn(&self.options.base);
        let rdn = person
            .dn
            .strip_suffix(&unit)
            .unwrap_or(&person.dn)
            .trim_end_matches(',');
        record
            .text("changetype", "modrdn")
            .text("newrdn", rdn)
            .text("deleteoldrdn", "0");
        record.text("newsuperior", &to);
        format!("{rdn},{to}")
    }

    /// An ordinary group that does not have the person yet.
    fn joined(&self, person: &Person, random: &mut Random) -> u32 {
        let first = if self.options.odd {
            super::groups::COUNT
        } else {
            0
        };
        let span = u64::from(self.options.groups.saturating_sub(first)).max(1);
        let start = random.below(span);
        let groups = (0..span).map(|at| first + ((start + at) % span) as u32);
        let free = groups.filter(|group| *group < self.options.groups);
        free.into_iter()
            .find(|group| !self.people_of(*group).contains(&person.number))
            .unwrap_or(first)
    }
}
