//! A person as an LDIF record.

use super::ldif::Record;
use super::person::{Boss, Draft, Person, Unit};
use super::{Company, Lock};

impl Company {
    pub(super) fn person_record(&self, person: &Person) -> Record {
        let draft = &person.draft;
        let mut record = Record::new(&person.dn);
        record
            .text("objectClass", "inetOrgPerson")
            .texts("uid", &draft.uid)
            .texts("cn", &draft.cn)
            .text("sn", &draft.sn)
            .texts("givenName", draft.given.as_slice())
            .texts("displayName", draft.display.as_slice())
            .texts("mail", &draft.mail)
            .texts("telephoneNumber", &draft.phones)
            .texts("title", draft.title.as_slice())
            .text("ou", &draft.department)
            .text("l", &draft.town)
            .text("o", "Halden Yards")
            .text("preferredLanguage", "en")
            .text("employeeNumber", &(100_000 + draft.number).to_string())
            .text("employeeType", draft.employee_type)
            .texts("description", &draft.description);
        for (name, value) in &draft.more {
            record.bytes(name, value);
        }
        match draft.boss {
            Boss::None => {}
            Boss::Person(number) => {
                record.text("manager", &self.person(number).dn);
            }
            Boss::Oneself => {
                record.text("manager", &person.dn);
            }
            Boss::Nobody => {
                record.text("manager", &self.ghost());
            }
        }
        self.lock_lines(&mut record, draft);
        record
    }

    fn lock_lines(&self, record: &mut Record, draft: &Draft) {
        let (attribute, value) = match &self.options.lock {
            Lock::PasswordPolicy => ("pwdAccountLockedTime", "000001010000Z"),
            Lock::Attribute { name, value } => (name.as_str(), value.as_str()),
        };
        if draft.disabled {
            record.text(attribute, value);
        } else if draft.passing_lock {
            record.text(attribute, "20240105120000Z");
        }
    }

    /// A name below the company's base that no entry has.
    pub(super) fn ghost(&self) -> String {
        format!("uid=nobody.at.all,{}", Unit::Office.dn(&self.options.base))
    }
}
