//! Source settings and source location, compiled.

use usher_core::model::{DirectoryKind, Hash128, Kind, Location};
use usher_directory::attribute::{canonical_type, is_description};
use usher_directory::{Dn, Filter};

use super::KeyRule;
use crate::SourceSettings;

/// The comparison key of a DN, as the engine keeps it; `None` for what is no DN.
pub fn dn_hash(dn: &str) -> Option<Hash128> {
    Dn::canonical_of(dn)
        .ok()
        .map(|name| Hash128::of(name.as_bytes()))
}

/// A group whose members make a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeGroup {
    /// Its DN as configured.
    pub dn: String,
    /// Its comparison key.
    pub hash: Hash128,
}

/// A compiled location. Where groups and a filter are given, both must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationRule {
    /// Being a member of one of them is enough; none = not asked for.
    pub groups: Vec<ScopeGroup>,
    /// Members of nested groups too.
    pub nested: bool,
    /// The filter.
    pub filter: Option<Filter>,
}

impl LocationRule {
    /// Whether it says nothing: then nobody is in scope.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.filter.is_none()
    }

    /// The filter's clause in words.
    pub fn filter_clause(&self) -> String {
        match &self.filter {
            Some(filter) => format!("filter {filter}"),
            None => "no filter".to_owned(),
        }
    }

    /// The groups' clause in words.
    pub fn group_clause(&self) -> String {
        let nested = if self.nested {
            " (nested groups too)"
        } else {
            ""
        };
        match self.groups.as_slice() {
            [only] => format!("group {}{nested}", only.dn),
            several => {
                let dns: Vec<&str> = several.iter().map(|group| group.dn.as_str()).collect();
                format!("one of the groups {}{nested}", dns.join("; "))
            }
        }
    }
}

/// Everything that decides scope and identity, compiled from a channel's source settings.
#[derive(Clone, Debug)]
pub struct ScopeRules {
    /// Only this node and below.
    pub base: Dn,
    /// As configured.
    pub base_dn: String,
    /// Its comparison key.
    base_name: String,
    /// What makes an entry a person.
    pub user_class: Filter,
    /// What makes an entry a group.
    pub group_class: Filter,
    /// Who is provisioned.
    pub users: LocationRule,
    /// Which groups are; `None` = none.
    pub groups: Option<LocationRule>,
    /// The immutable id.
    pub key: KeyRule,
    /// The group-side list of members.
    pub member_attribute: String,
}

impl ScopeRules {
    /// Compiles the settings.
    ///
    /// # Errors
    /// Every problem, each with what was expected, what was found and what to do.
    pub fn compile(settings: &SourceSettings) -> Result<Self, Vec<String>> {
        let source = &settings.source;
        let mut problems = Vec::new();
        let base = parse_dn("Base DN", &source.base_dn, &mut problems);
        for (what, name) in [
            ("Entry GUID Attribute", &source.guid_attribute),
            ("Group Member Attribute", &source.group_member_attribute),
        ] {
            if !is_description(name) {
                problems.push(format!(
                    "{what}: expected the name of an attribute, found `{name}`"
                ));
            }
        }
        let ad = settings.data_store.directory == DirectoryKind::ActiveDirectory;
        let user_class = user_class(&source.user_object_class, ad, &mut problems);
        let group_class = class(
            "Group objectClass",
            &source.group_object_class,
            &mut problems,
        );
        let further = &settings.policy.further_group_dns;
        let users = location("Users", &source.users, further, &mut problems);
        let groups = source
            .groups
            .as_ref()
            .map(|groups| location("Groups", groups, &[], &mut problems));
        match base {
            Some(base) if problems.is_empty() => Ok(Self {
                base_name: base.canonical(),
                base,
                base_dn: source.base_dn.clone(),
                user_class,
                group_class,
                users,
                groups,
                key: KeyRule {
                    attribute: source.guid_attribute.clone(),
                    binary: source.guid_binary,
                },
                member_attribute: source.group_member_attribute.clone(),
            }),
            _ => Err(problems),
        }
    }

    /// Why nobody could be in scope, if so.
    pub fn unset(&self) -> Option<String> {
        if self.users.is_empty() {
            return Some("Users: neither a Group DN nor a filter is given, so nobody is in scope: give one; the filter (objectClass=*) means everybody with the user object class".to_owned());
        }
        let groups = self.groups.as_ref()?;
        groups.is_empty().then(|| "Groups: neither a Group DN nor a filter is given, so no group is in scope: give one, or leave the groups out".to_owned())
    }

    /// The location of a kind.
    pub fn location(&self, kind: Kind) -> Option<&LocationRule> {
        match kind {
            Kind::User => Some(&self.users),
            Kind::Group => self.groups.as_ref(),
        }
    }

    /// The class filter of a kind.
    pub fn class(&self, kind: Kind) -> &Filter {
        match kind {
            Kind::User => &self.user_class,
            Kind::Group => &self.group_class,
        }
    }

    /// The base DN's clause in words.
    pub fn base_clause(&self) -> String {
        format!("base DN {}", self.base_dn)
    }

    /// Whether a DN is the base or lies below it; `false` for what is no DN.
    pub fn is_under_base(&self, dn: &str) -> bool {
        is_under(dn, &self.base, &self.base_name)
    }

    /// Attributes that are needed to tell what an entry is and whether it is in scope, members
    /// excepted.
    pub fn attributes(&self) -> Vec<String> {
        let mut names = vec![self.key.attribute.clone()];
        names.extend(self.user_class.attributes());
        names.extend(self.group_class.attributes());
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(canonical_type(name)));
        names
    }
}

/// Whether a name lies under a base, given its parsed and its canonical form.
fn is_under(dn: &str, base: &Dn, base_name: &str) -> bool {
    match Dn::canonical_of(dn) {
        // Without escapes every comma separates, so that comparing the ends is enough.
        Ok(name) if !name.contains('\\') => name
            .strip_suffix(base_name)
            .is_some_and(|above| above.is_empty() || above.ends_with(',')),
        Ok(_) => Dn::parse(dn).is_ok_and(|dn| dn.is_under(base)),
        Err(_) => false,
    }
}

fn parse_dn(what: &str, text: &str, problems: &mut Vec<String>) -> Option<Dn> {
    match Dn::parse(text) {
        Ok(dn) if dn.is_root() => {
            problems.push(format!("{what}: expected a DN, found nothing"));
            None
        }
        Ok(dn) => Some(dn),
        Err(error) => {
            problems.push(format!("{what} `{text}`: {error}"));
            None
        }
    }
}

fn class(what: &str, name: &str, problems: &mut Vec<String>) -> Filter {
    if !is_description(name) {
        problems.push(format!(
            "{what}: expected the name of an object class, found `{name}`"
        ));
    }
    Filter::eq("objectClass", name)
}

/// In Active Directory computers are of the class `user` too.
fn user_class(name: &str, ad: bool, problems: &mut Vec<String>) -> Filter {
    let class = class("User objectClass", name, problems);
    if ad && name.eq_ignore_ascii_case("user") {
        return Filter::and(vec![class, Filter::eq("objectCategory", "person")]);
    }
    class
}

fn location(
    what: &str,
    location: &Location,
    further: &[String],
    problems: &mut Vec<String>,
) -> LocationRule {
    let texts = location.group_dn.iter().chain(further);
    let texts = texts.filter(|text| !text.trim().is_empty());
    let mut groups: Vec<ScopeGroup> = Vec::new();
    for text in texts {
        if let Some(dn) = parse_dn(&format!("{what}, Group DN"), text, problems) {
            let hash = Hash128::of(dn.canonical().as_bytes());
            if groups.iter().all(|known| known.hash != hash) {
                groups.push(ScopeGroup {
                    dn: text.clone(),
                    hash,
                });
            }
        }
    }
    let text = location.filter.as_deref().map(str::trim);
    let filter = text.filter(|text| !text.is_empty()).and_then(|text| {
        Filter::parse(text)
            .map_err(|error| problems.push(format!("{what}, filter `{text}`: {error}")))
            .ok()
    });
    LocationRule {
        groups,
        nested: location.nested,
        filter,
    }
}

impl ScopeRules {
    /// What an entry is by its own attributes; a person where it is both. `None` when its object
    /// classes say neither, as a server may leave superior classes out.
    pub fn kind_of(&self, attributes: &super::Attributes) -> Option<Kind> {
        [Kind::User, Kind::Group]
            .into_iter()
            .find(|kind| self.class(*kind).evaluate(attributes).is_true())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_under_a_base_are_told_without_taking_them_apart_as_with() {
        let names = [
            "ou=people,dc=example,dc=com",
            "OU=People, DC=example,DC=com",
            "uid=a,ou=people,dc=example,dc=com",
            "uid=a\\,ou=people,dc=example,dc=com",
            "uid=a\\\\,ou=people,dc=example,dc=com",
            "uid=a,xou=people,dc=example,dc=com",
            "dc=example,dc=com",
            "uid=a\\2c,ou=people,dc=example,dc=com",
            "ou=a\\,b,dc=example,dc=com",
            "uid=x,ou=a\\2Cb,dc=example,dc=com",
            "people,dc=example,dc=com",
            "",
        ];
        for base in [names[0], names[8], names[6]] {
            let parsed = Dn::parse(base).expect("a name");
            for name in names {
                let expected = Dn::parse(name).is_ok_and(|name| name.is_under(&parsed));
                let found = is_under(name, &parsed, &parsed.canonical());
                assert_eq!(found, expected, "{name} under {base}");
            }
        }
    }
}
