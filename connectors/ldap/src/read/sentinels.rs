//! What must be there: if it is not, the account lost rights or this is another directory, and nothing
//! that is missing proves anything.

use usher_connector::scope::lower_attributes;
use usher_core::model::{Kind, SourceKey};
use usher_ldap::{Client, LdapError, ResultCode};

use super::Reading;
use crate::errors::Halt;
use crate::query::{self, KEYS_AT_ONCE};

/// So many linked people may be missing before a read proves nothing.
const MISSING_ALLOWED: u32 = 1;

impl Reading<'_> {
    /// Looks at the base and at the bind account's own entry before anything else.
    pub(super) async fn first_look(&mut self) -> Result<(), Halt> {
        let mut client = self.session.take(self.settings).await?;
        client
            .read_entry(&self.settings.rules.base_dn, &["1.1"])
            .await?;
        if let Some(own) = &self.settings.own_dn {
            self.own_seen = is_there(&mut client, own).await?;
        }
        self.session.put(client);
        Ok(())
    }

    /// Looks for every sentinel, outside of the paged search.
    pub(super) async fn sentinels(&mut self) -> Result<(), Halt> {
        let mut names = vec![self.settings.rules.base_dn.clone()];
        let rules = &self.settings.rules;
        let locations = std::iter::once(&rules.users).chain(&rules.groups);
        names.extend(
            locations
                .flat_map(|l| &l.groups)
                .map(|group| group.dn.clone()),
        );
        names.extend(self.settings.own_dn.clone().filter(|_| self.own_seen));
        names.extend(self.settings.sentinels.iter().cloned());
        let mut client = self.session.take(self.settings).await?;
        for name in names {
            self.certificate.sentinels_asked += 1;
            if is_there(&mut client, &name).await? {
                self.certificate.sentinels_found += 1;
            } else {
                self.certificate.incomplete.push(format!(
                    "{name} must be there and is not seen: the bind account lost rights, or this is not the directory it was"
                ));
            }
        }
        if self.full {
            self.linked_people(&mut client).await?;
        } else if self.someone_left {
            self.linked_people_in_scope(&mut client).await?;
        }
        self.session.put(client);
        Ok(())
    }

    /// Whoever loses the right to read an attribute that the filter goes by sees everybody leave the scope, in a
    /// delta one by one as they change. The others, who did not change, tell it from people who really left.
    async fn linked_people_in_scope(&mut self, client: &mut Client) -> Result<(), Halt> {
        let keys = &self.request.sentinel_keys;
        let passing = query::passing(client, self.settings, Kind::User, keys).await?;
        let asked = keys.len();
        let is_out =
            |key: &&SourceKey| !passing.keys.contains(*key) && !passing.unknown.contains(*key);
        let missing = keys.iter().filter(is_out).count();
        self.certificate.incomplete.extend(passing.doubt);
        if missing > MISSING_ALLOWED as usize {
            self.certificate.scope_doubt = Some(format!(
                "{missing} of {asked} linked people who were drawn do not pass the filter either: was the right to read an attribute in it lost?"
            ));
        }
        Ok(())
    }

    async fn linked_people(&mut self, client: &mut Client) -> Result<(), Halt> {
        let keys = &self.request.sentinel_keys;
        let rule = &self.settings.rules.key;
        let mut found: Vec<SourceKey> = Vec::new();
        for some in keys.chunks(KEYS_AT_ONCE) {
            let base = &self.settings.rules.base_dn;
            let names = std::slice::from_ref(&rule.attribute);
            let answer = query::by_keys(client, self.settings, base, some, names).await?;
            for entry in answer.entries {
                let attributes = lower_attributes(entry.attributes);
                let values = attributes.get(&rule.attribute.to_ascii_lowercase());
                found.extend(rule.key(values.map_or(&[], Vec::as_slice)));
            }
        }
        let seen = keys.iter().filter(|key| found.contains(key)).count() as u32;
        let asked = keys.len() as u32;
        self.certificate.sentinels_asked += asked;
        self.certificate.sentinels_found += seen;
        if asked - seen > MISSING_ALLOWED {
            self.certificate.incomplete.push(format!(
                "{} of {asked} linked people looked up by their key are not seen: the bind account lost rights, or this is not the directory it was",
                asked - seen
            ));
        }
        Ok(())
    }
}

/// Whether the server returns this entry.
async fn is_there(client: &mut Client, dn: &str) -> Result<bool, LdapError> {
    match client.read_entry(dn, &["1.1"]).await {
        Ok(entry) => Ok(entry.is_some()),
        Err(error)
            if error.code().is_some_and(|code| {
                code == ResultCode::NO_SUCH_OBJECT || code == ResultCode::INSUFFICIENT_ACCESS_RIGHTS
            }) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
