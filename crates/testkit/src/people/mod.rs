//! A company as directories really hold it: people and groups in any number, every odd entry that is known to
//! trip software up, and for each of them what must become of it.
//!
//! Everything is a function of the seed and a number, so that a million people need no more memory than one, and
//! the same options always give the same bytes. All names are invented; domains are reserved for tests
//! (RFC 2606, RFC 6761).
//!
//! The expectations hold for this mapping: userName from `uid`, workEmail from `mail`, displayName from `cn`,
//! givenName from `givenName`, familyName from `sn`, title from `title`, department from `ou`, workPhone from
//! `telephoneNumber`, all trimmed; for the filter [`SCOPE`]; and with [`ADMINISTRATOR`] as a protected account.

mod changes;
mod groups;
mod ldif;
mod names;
mod odd;
mod person;
mod random;
mod record;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use changes::{Change, ChangeKind};
pub use groups::{Group, GroupExpected};
pub use person::{DOMAIN, DOMAINS, Person};

use ldif::Record;
use person::Unit;

/// The people who are provisioned: machines are not.
pub const SCOPE: &str = "(!(employeeType=service))";
/// The address of the account that administers the target.
pub const ADMINISTRATOR: &str = "yard.master@halden-yards.test";

/// How a disabled account is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// `pwdAccountLockedTime: 000001010000Z`; needs the password policy overlay.
    PasswordPolicy,
    /// An attribute that every person may have, with this value.
    Attribute {
        /// Its name.
        name: String,
        /// The value of a disabled account.
        value: String,
    },
}

/// What a company is like.
#[derive(Debug, Clone)]
pub struct Options {
    /// People, the odd ones included; at least [`odd_people`] if `odd`.
    pub users: u32,
    /// Groups, the odd ones included; at least [`odd_groups`] if `odd`.
    pub groups: u32,
    /// Another seed is another company.
    pub seed: u64,
    /// The suffix; its first part must be a `dc`.
    pub base: String,
    /// Whether odd people and groups are there.
    pub odd: bool,
    /// Whether `memberOf` is written: `slapadd` runs no overlay.
    pub member_of: bool,
    /// Another number gives every entry another `entryUUID`, as after a directory was built anew.
    pub keys: u64,
    /// `modifyTimestamp` of every entry.
    pub stamp: String,
    /// How a disabled account is marked.
    pub lock: Lock,
    /// Disabled people.
    pub disabled_per_thousand: u32,
    /// People without an address.
    pub no_mail_per_thousand: u32,
    /// Accounts of programs.
    pub machines_per_thousand: u32,
    /// Of so many people two neighbours share an address; 0 = nobody.
    pub shared_mail_every: u32,
    /// Whether the group of everybody is there in full; it is the largest by far.
    pub everybody: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            users: 1_000,
            groups: 50,
            seed: 42,
            base: "dc=example,dc=test".to_owned(),
            odd: true,
            member_of: false,
            keys: 0,
            stamp: "20240101000000Z".to_owned(),
            lock: Lock::PasswordPolicy,
            disabled_per_thousand: 50,
            no_mail_per_thousand: 20,
            machines_per_thousand: 20,
            shared_mail_every: 500,
            everybody: true,
        }
    }
}

/// How many odd people there are.
pub const fn odd_people() -> u32 {
    odd::COUNT
}

/// How many odd groups there are.
pub const fn odd_groups() -> u32 {
    groups::COUNT
}

/// What must become of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// An account that holds [`Person::wanted`].
    Provisioned,
    /// No account can be made of it.
    Invalid {
        /// The field that has no usable value.
        field: &'static str,
    },
    /// Others have the same user name or address: nobody of them gets an account.
    Conflict {
        /// Their user names.
        with: Vec<String>,
    },
    /// Disabled in the directory, and never provisioned before.
    Skipped,
    /// The account that administers the target: never written.
    Protected,
    /// The filter leaves it out.
    OutOfScope,
}

/// One odd entry, for people and for other programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddEntry {
    /// What is odd.
    pub tag: &'static str,
    /// As written in the LDIF.
    pub dn: String,
    /// The first `uid` of a person, the `cn` of a group.
    pub name: String,
    /// What must become of it, in words.
    pub expected: String,
}

/// A company. Cheap: nothing is made before it is asked for.
#[derive(Debug, Clone)]
pub struct Company {
    pub(crate) options: Options,
}

impl Company {
    /// A company; with odd entries it has at least those.
    pub fn generate(mut options: Options) -> Self {
        if options.odd {
            options.users = options.users.max(odd::COUNT);
            options.groups = options.groups.max(groups::COUNT);
        }
        Self { options }
    }

    /// What it is like.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Everybody.
    pub fn people(&self) -> impl Iterator<Item = Person> {
        (0..self.options.users).map(|number| self.person(number))
    }

    /// Every group.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        (0..self.options.groups).map(|number| self.group(number))
    }

    /// Every odd entry.
    pub fn manifest(&self) -> Vec<OddEntry> {
        let people = self.people().map_while(|person| {
            Some(OddEntry {
                tag: person.tag?,
                dn: person.dn.clone(),
                name: person.uid.clone(),
                expected: format!("{:?}", person.expected),
            })
        });
        let groups = self.groups().map_while(|group| {
            Some(OddEntry {
                tag: group.tag?,
                dn: group.dn,
                name: group.name,
                expected: format!("{:?}", group.expected),
            })
        });
        people.chain(groups).collect()
    }

    /// Writes the whole company as LDIF, parents before children. Memory does not grow with the number of
    /// people; with `member_of` it grows with the memberships of ordinary groups.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_ldif(&self, out: &mut dyn Write) -> io::Result<()> {
        self.skeleton(out)?;
        let lists = self.member_of_lists();
        let mut number = 0;
        let mut rest = lists.as_slice();
        while number < self.options.users {
            let person = self.person(number);
            let mut record = self.person_record(&person);
            if self.options.member_of {
                let mine = rest.partition_point(|(of, _)| *of <= number);
                let (now, later) = rest.split_at(mine);
                rest = later;
                self.member_of_lines(&mut record, &person, now);
            }
            self.operational(&mut record, &person.key);
            record.write(out)?;
            number += 1;
        }
        for group in self.groups() {
            self.write_group(&group, out)?;
        }
        self.traps(out)
    }

    /// The same as a text; for small companies.
    pub fn ldif(&self) -> String {
        let mut bytes = Vec::new();
        // A vector takes everything.
        let _ = self.write_ldif(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The entry that stands in for the members of an empty group.
    pub fn placeholder(&self) -> String {
        format!("cn=placeholder,{}", self.options.base)
    }

    fn operational(&self, record: &mut Record, key: &str) {
        record
            .text("entryUUID", key)
            .text("modifyTimestamp", &self.options.stamp);
    }

    fn skeleton(&self, out: &mut dyn Write) -> io::Result<()> {
        let base = &self.options.base;
        let first = base.split(',').next().and_then(|part| part.split_once('='));
        let mut record = Record::new(base);
        record
            .text("objectClass", "dcObject")
            .text("objectClass", "organization")
            .text("dc", first.map_or("example", |(_, value)| value))
            .text("o", "Halden Yards");
        self.plain(record, "base", 0, out)?;
        let mut record = Record::new(&self.placeholder());
        record
            .text("objectClass", "organizationalRole")
            .text("cn", "placeholder");
        self.plain(record, "base", 1, out)?;
        let units = Unit::ALL.map(|unit| (unit.name(), unit.dn(base)));
        for (at, (name, dn)) in units.into_iter().chain(self.group_places()).enumerate() {
            let mut record = Record::new(&dn);
            record
                .text("objectClass", "organizationalUnit")
                .text("ou", name);
            self.plain(record, "unit", at as u64, out)?;
        }
        Ok(())
    }

    fn plain(
        &self,
        mut record: Record,
        place: &str,
        number: u64,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let key = random::uuid(self.options.seed ^ self.options.keys, place, number);
        self.operational(&mut record, &key);
        record.write(out)
    }

    fn write_group(&self, group: &Group, out: &mut dyn Write) -> io::Result<()> {
        let mut head = self.group_record_head(group);
        self.operational(&mut head, &group.key);
        // The head without its end, so that members are streamed.
        let text = head.into_text();
        out.write_all(text.strip_suffix('\n').unwrap_or(&text).as_bytes())?;
        let mut member = |dn: &str| ldif::line(out, "member", dn.as_bytes());
        if group.everybody && self.options.everybody {
            for person in self
                .people()
                .filter(|person| person.expected != Expected::OutOfScope)
            {
                member(&person.dn)?;
            }
        } else if group.everybody {
            member(&self.placeholder())?;
        }
        for number in &group.people {
            member(&self.person(*number).dn)?;
        }
        for number in &group.groups {
            member(&self.group(*number).dn)?;
        }
        for dn in &group.others {
            member(dn)?;
        }
        out.write_all(b"\n")
    }

    /// Person and group of every membership of a group that does not hold everybody, by person.
    fn member_of_lists(&self) -> Vec<(u32, u32)> {
        if !self.options.member_of {
            return Vec::new();
        }
        let mut lists: Vec<(u32, u32)> = self
            .groups()
            .flat_map(|group| {
                group
                    .people
                    .into_iter()
                    .map(move |person| (person, group.number))
            })
            .collect();
        lists.sort_unstable();
        lists
    }

    fn member_of_lines(&self, record: &mut Record, person: &Person, lists: &[(u32, u32)]) {
        let everybody = self.options.odd && self.options.everybody;
        if everybody && person.expected != Expected::OutOfScope {
            record.text("memberOf", &self.group(0).dn);
        }
        for (_, group) in lists.iter().filter(|(of, _)| *of == person.number) {
            record.text("memberOf", &self.group(*group).dn);
        }
    }

    /// Entries beside the people that a careless reader takes for people.
    fn traps(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.options.odd {
            return Ok(());
        }
        let office = Unit::Office.dn(&self.options.base);
        let under = self.person(0).dn;
        let mut alias = Record::new(&format!("cn=Also Norah,{office}"));
        alias
            .text("objectClass", "alias")
            .text("objectClass", "extensibleObject")
            .text("cn", "Also Norah")
            .text("aliasedObjectName", &under);
        let mut device = Record::new(&format!("cn=Phone,{under}"));
        device.text("objectClass", "device").text("cn", "Phone");
        let mut partner = Record::new(&format!("cn=Partner,{office}"));
        partner
            .text("objectClass", "person")
            .text("cn", "Partner")
            .text("sn", "Partner");
        for (at, record) in [alias, device, partner].into_iter().enumerate() {
            self.plain(record, "trap", at as u64, out)?;
        }
        Ok(())
    }
}
