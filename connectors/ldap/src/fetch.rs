//! Single entries, read again outside of any paged search.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use usher_connector::scope::ScopeSets;
use usher_connector::{FetchBy, Fetched, ReadEntry, SourceError};
use usher_core::model::{Entry, Kind, ScopeVerdict, SourceKey};
use usher_directory::Dn;
use usher_directory::compare::fold;
use usher_ldap::{Client, LdapEntry, LdapError, Pool, Pooled, ResultCode};

use crate::attributes::{self, asked};
use crate::errors::source_error;
use crate::query::{self, KEYS_AT_ONCE, Read};
use crate::read::{judge, scope_sets};
use crate::session::context_of;
use crate::settings::Settings;

/// So long the members of the scope groups are taken for the present ones: a cycle fetches in many
/// small batches.
const SCOPE_KEPT: Duration = Duration::from_secs(5);

/// What is kept between fetches.
#[derive(Default)]
pub(crate) struct Kept {
    scope: Mutex<Option<(Instant, Arc<ScopeSets>)>>,
}

impl Kept {
    async fn scope(&self, settings: &Settings) -> Result<Arc<ScopeSets>, SourceError> {
        let mut kept = self.scope.lock().await;
        if let Some((since, sets)) = &*kept
            && since.elapsed() < SCOPE_KEPT
        {
            return Ok(Arc::clone(sets));
        }
        let sets = Arc::new(scope_sets(settings).await?);
        *kept = Some((Instant::now(), Arc::clone(&sets)));
        Ok(sets)
    }
}

/// Fetches entries; answers in the order asked.
pub(crate) async fn fetch(
    settings: &Settings,
    pool: &Pool,
    kept: &Kept,
    by: &FetchBy,
    wanted: &[String],
) -> Result<Vec<Fetched>, SourceError> {
    let scope = kept.scope(settings).await?;
    let fetching = Fetching {
        settings,
        pool,
        scope: &scope,
        asked: asked(settings, wanted),
    };
    match by {
        FetchBy::Keys(keys) => {
            let mut all = Vec::with_capacity(keys.len());
            for some in keys.chunks(KEYS_AT_ONCE) {
                all.extend(fetching.keys(some).await?);
            }
            Ok(all)
        }
        FetchBy::Dns(dns) => fetching.dns(dns).await,
    }
}

struct Fetching<'a> {
    settings: &'a Settings,
    pool: &'a Pool,
    scope: &'a ScopeSets,
    asked: Vec<String>,
}

/// What is known of one entry before its scope is.
#[derive(Clone)]
enum Draft {
    Entry(Entry),
    Done(Fetched),
}

fn unknown(reason: impl Into<String>) -> Draft {
    Draft::Done(Fetched::Unknown {
        reason: reason.into(),
    })
}

impl Fetching<'_> {
    /// A connection that works; an idle one may have died.
    async fn client(&self) -> Result<Pooled, SourceError> {
        self.pool.get().await.map_err(|error| source_error(&error))
    }

    async fn keys(&self, keys: &[SourceKey]) -> Result<Vec<Fetched>, SourceError> {
        let mut client = self.client().await?;
        let mut drafts = self.drafts(&mut client, keys).await;
        if drafts.as_ref().is_err_and(LdapError::is_transient) {
            client = self.client().await?;
            drafts = self.drafts(&mut client, keys).await;
        }
        match drafts {
            Ok(drafts) => self.finish(&mut client, drafts).await,
            Err(error) if error.code().is_some() => Ok(vec![
                Fetched::Unknown {
                    reason: error.to_string()
                };
                keys.len()
            ]),
            Err(error) => Err(source_error(&error)),
        }
    }

    async fn drafts(
        &self,
        client: &mut Client,
        keys: &[SourceKey],
    ) -> Result<Vec<Draft>, LdapError> {
        let base = &self.settings.rules.base_dn;
        let found = query::by_keys(client, self.settings, base, keys, &self.asked).await?;
        let mut doubt = found.incomplete;
        let mut by_key = self.sorted(client, found.entries, keys, &mut doubt).await?;
        let missing: Vec<SourceKey> = keys
            .iter()
            .filter(|key| !by_key.contains_key(key))
            .cloned()
            .collect();
        if !missing.is_empty() {
            by_key.extend(self.elsewhere(client, &missing, &mut doubt).await?);
            // Nothing found is an answer only from a server that shows where it looked.
            if client.read_entry(base, &["1.1"]).await?.is_none() {
                doubt = Some(format!("the base DN {base} cannot be read"));
            }
        }
        Ok(keys
            .iter()
            .map(|key| match (by_key.get(key), &doubt) {
                (Some(draft), _) => draft.clone(),
                (None, None) if by_key.keys().any(|found| alike(found, key)) => {
                    unknown(format!("an entry has the key {key} in another spelling"))
                }
                (None, None) => Draft::Done(Fetched::Absent),
                (None, Some(reason)) => unknown(reason.clone()),
            })
            .collect())
    }

    /// Entries that moved out of the base DN, as far as the account may see them.
    async fn elsewhere(
        &self,
        client: &mut Client,
        keys: &[SourceKey],
        doubt: &mut Option<String>,
    ) -> Result<HashMap<SourceKey, Draft>, LdapError> {
        let rules = &self.settings.rules;
        let root = match client.root_dse().await {
            Err(error) if error.code().is_none() => return Err(error),
            answer => answer.unwrap_or_default(),
        };
        let wide = context_of(&root, &rules.base)
            .filter(|context| Dn::parse(context).is_ok_and(|dn| !dn.is_equal(&rules.base)));
        let Some(wide) = wide else {
            return Ok(HashMap::new());
        };
        match query::by_keys(client, self.settings, &wide, keys, &self.asked).await {
            Ok(found) => self.sorted(client, found.entries, keys, doubt).await,
            // The account may not search there: then nothing more is known.
            Err(error) if error.code().is_some() => Ok(HashMap::new()),
            Err(error) => Err(error),
        }
    }

    /// What was found, by key. An entry that the server takes for one of the keys and we do not leaves
    /// a doubt about those that were not found.
    async fn sorted(
        &self,
        client: &mut Client,
        entries: Vec<LdapEntry>,
        keys: &[SourceKey],
        doubt: &mut Option<String>,
    ) -> Result<HashMap<SourceKey, Draft>, LdapError> {
        let mut by_key = HashMap::new();
        for raw in entries {
            let kind = query::kind_of(client, self.settings, &raw).await?;
            let read = attributes::entry(self.settings, kind.unwrap_or(Kind::User), raw);
            let entry = match read {
                Ok(entry) => entry,
                Err((dn, problem)) => {
                    *doubt = Some(format!("{dn}: {problem}"));
                    continue;
                }
            };
            let (key, dn) = (entry.key.clone(), entry.dn.clone());
            if !keys.contains(&key) {
                *doubt = Some(format!("the server found {dn}, whose key is {key}"));
            }
            let draft = if by_key.contains_key(&key) {
                unknown(format!("two entries have the key {key}"))
            } else {
                self.draft(kind, entry)
            };
            by_key.insert(key, draft);
        }
        Ok(by_key)
    }

    fn draft(&self, kind: Option<Kind>, entry: Entry) -> Draft {
        match kind {
            Some(_) => Draft::Entry(entry),
            None => Draft::Done(Fetched::Other {
                what: other(self.settings, &entry),
            }),
        }
    }

    async fn dns(&self, dns: &[String]) -> Result<Vec<Fetched>, SourceError> {
        if dns.is_empty() {
            return Ok(Vec::new());
        }
        let reads = query::by_dns(self.pool, self.settings, dns, &self.asked).await;
        let mut client = self.client().await?;
        let base = &self.settings.rules.base_dn;
        let base = client.read_entry(base, &["1.1"]).await;
        let doubt = match base {
            Ok(Some(_)) => None,
            Ok(None) => Some("the base DN cannot be read".to_owned()),
            Err(error) => Some(format!("the base DN cannot be read: {error}")),
        };
        let drafts = reads
            .into_iter()
            .map(|read| self.draft_of(read, doubt.as_deref()))
            .collect();
        if !client.is_usable() {
            client = self.client().await?;
        }
        self.finish(&mut client, drafts).await
    }

    fn draft_of(&self, read: Read, doubt: Option<&str>) -> Draft {
        match read {
            Ok(Some((raw, kind))) => {
                let read = attributes::entry(self.settings, kind.unwrap_or(Kind::User), raw);
                match (read, kind) {
                    (Ok(entry), kind) => self.draft(kind, entry),
                    (Err((dn, problem)), Some(_)) => unknown(format!("{dn}: {problem}")),
                    (Err((dn, _)), None) => Draft::Done(Fetched::Other {
                        what: format!("{dn} is neither a person nor a group by its object classes"),
                    }),
                }
            }
            Ok(None) => unknown(
                "the server returns nothing for it, as for an entry that the account may not read",
            ),
            Err(error) if error.code() == Some(ResultCode::NO_SUCH_OBJECT) => match doubt {
                None => Draft::Done(Fetched::Absent),
                Some(reason) => unknown(reason),
            },
            Err(error) => unknown(error.to_string()),
        }
    }

    /// Decides the scope of what was found.
    async fn finish(
        &self,
        client: &mut Client,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Fetched>, SourceError> {
        let mut verdicts: HashMap<SourceKey, Result<Option<ScopeVerdict>, String>> = HashMap::new();
        for kind in [Kind::User, Kind::Group] {
            let entries: Vec<Entry> = drafts
                .iter()
                .filter_map(|draft| of_kind(draft, kind))
                .collect();
            if entries.is_empty() {
                continue;
            }
            let keys: Vec<SourceKey> = entries.iter().map(|entry| entry.key.clone()).collect();
            match judge(client, self.settings, self.scope, kind, entries).await {
                Ok(judged) => {
                    verdicts.extend(
                        judged
                            .entries
                            .into_iter()
                            .map(|(e, verdict)| (e.key, Ok(verdict))),
                    );
                }
                Err(error) => {
                    let why = error.to_string();
                    verdicts.extend(keys.into_iter().map(|key| (key, Err(why.clone()))));
                }
            }
        }
        Ok(drafts
            .into_iter()
            .map(|draft| self.told(draft, &verdicts))
            .collect())
    }

    fn told(
        &self,
        draft: Draft,
        verdicts: &HashMap<SourceKey, Result<Option<ScopeVerdict>, String>>,
    ) -> Fetched {
        let entry = match draft {
            Draft::Done(fetched) => return fetched,
            Draft::Entry(entry) => entry,
        };
        let reason = match verdicts.get(&entry.key) {
            Some(Ok(Some(scope))) => {
                let scope = scope.clone();
                let rules = &self.settings.rules;
                return Fetched::Present(Box::new(ReadEntry {
                    scope_group: rules.scope_group(self.scope, entry.kind, &entry.dn),
                    entry,
                    scope,
                }));
            }
            Some(Err(reason)) => reason.clone(),
            Some(Ok(None)) | None => "a scope group was not read to its end".to_owned(),
        };
        Fetched::Unknown {
            reason: format!(
                "{} is there, but whether it is in scope is not known: {reason}",
                entry.dn
            ),
        }
    }
}

/// Whether a server may take one key for the other.
fn alike(one: &SourceKey, other: &SourceKey) -> bool {
    fold(one.as_str()) == fold(other.as_str())
}

fn of_kind(draft: &Draft, kind: Kind) -> Option<Entry> {
    match draft {
        Draft::Entry(entry) if entry.kind == kind => Some(entry.clone()),
        Draft::Entry(_) | Draft::Done(_) => None,
    }
}

fn other(settings: &Settings, entry: &Entry) -> String {
    let classes = entry.values("objectClass").iter();
    let classes: Vec<_> = classes
        .map(|class| String::from_utf8_lossy(class))
        .collect();
    format!(
        "{} is neither a person ({}) nor a group ({}): its object classes are {}",
        entry.dn,
        settings.rules.user_class,
        settings.rules.group_class,
        classes.join(" ")
    )
}
