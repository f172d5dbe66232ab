//! One person on the way to an entry.

use crate::directory::DemoEntry;

use super::{DOMAIN, LOCK_ATTRIBUTE, LOCKED, PEOPLE_DN};

/// What is known of a person. What is not said follows from the name.
#[derive(Clone, Debug)]
pub(super) struct Person {
    cn: String,
    uid: String,
    given: Option<String>,
    family: String,
    mail: Option<String>,
    kind: &'static str,
    title: String,
    phone: Option<String>,
    language: &'static str,
    locked: Option<String>,
    rdn: Option<String>,
}

impl Person {
    /// Somebody with one name.
    pub(super) fn named(cn: &str, uid: &str) -> Self {
        Self {
            cn: cn.to_owned(),
            uid: uid.to_owned(),
            given: None,
            family: cn.to_owned(),
            mail: Some(format!("{uid}@{DOMAIN}")),
            kind: "staff",
            title: "Specialist".to_owned(),
            phone: None,
            language: "en",
            locked: None,
            rdn: None,
        }
    }

    /// Somebody with a given and a family name.
    pub(super) fn new(given: &str, family: &str, uid: &str) -> Self {
        Self {
            given: Some(given.to_owned()),
            family: family.to_owned(),
            ..Self::named(&format!("{given} {family}"), uid)
        }
    }

    /// With another full name than the two parts.
    pub(super) fn cn(mut self, cn: &str) -> Self {
        cn.clone_into(&mut self.cn);
        self
    }

    pub(super) fn mail(mut self, mail: &str) -> Self {
        self.mail = Some(mail.to_owned());
        self
    }

    pub(super) fn without_mail(mut self) -> Self {
        self.mail = None;
        self
    }

    pub(super) fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    pub(super) fn phone(mut self, phone: String) -> Self {
        self.phone = Some(phone);
        self
    }

    pub(super) fn language(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// `contractor` or `guest` instead of `staff`.
    pub(super) fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// Disabled by an administrator.
    pub(super) fn disabled(self) -> Self {
        self.locked(LOCKED)
    }

    /// Locked out for a while, after wrong passwords.
    pub(super) fn locked(mut self, since: &str) -> Self {
        self.locked = Some(since.to_owned());
        self
    }

    /// With this first part of the DN, escaped already, instead of `uid=...`.
    pub(super) fn rdn(mut self, rdn: &str) -> Self {
        self.rdn = Some(rdn.to_owned());
        self
    }

    /// The entry in a department.
    pub(super) fn entry(self, department: &str) -> DemoEntry {
        let rdn = self.rdn.unwrap_or_else(|| format!("uid={}", self.uid));
        let mut entry = DemoEntry::new(format!("{rdn},ou={department},{PEOPLE_DN}"));
        for class in ["top", "person", "organizationalPerson", "inetOrgPerson"] {
            entry.add_value("objectClass", class);
        }
        let texts = [
            ("cn", Some(self.cn)),
            ("givenName", self.given),
            ("sn", Some(self.family)),
            ("uid", Some(self.uid)),
            ("mail", self.mail),
            ("title", Some(self.title)),
            ("ou", Some(department.to_owned())),
            ("o", Some("Example Company".to_owned())),
            ("employeeType", Some(self.kind.to_owned())),
            ("telephoneNumber", self.phone),
            ("preferredLanguage", Some(self.language.to_owned())),
            (LOCK_ATTRIBUTE, self.locked),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                entry.add_value(name, text);
            }
        }
        entry
    }
}
