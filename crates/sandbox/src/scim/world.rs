//! The whole state: organisation, directories and the generator of ids.

use std::time::Duration;

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::config::{AccountConfig, SandboxConfig};
use super::desk::{Desk, new_hex, new_uuid};
use super::knobs::Knobs;
use super::model::{Group, User, fold};
use super::org::Org;
use super::store::Directory;

/// Keys live for a year (row 45).
const KEY_LIFE: Duration = Duration::from_hours(365 * 24);
/// Format of the state file.
const STATE_VERSION: u32 = 1;

pub(crate) struct World {
    pub(crate) rng: StdRng,
    pub(crate) org: Org,
    pub(crate) directories: Vec<Directory>,
    /// Whether something changed since the state was last written.
    pub(crate) dirty: bool,
}

/// The state file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved {
    version: u32,
    org: Org,
    directories: Vec<SavedDirectory>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedDirectory {
    id: String,
    key: String,
    key_expires: Timestamp,
    users: Vec<User>,
    groups: Vec<Group>,
}

fn base_url(origin: &str, id: &str) -> String {
    format!("{origin}/scim/directory/{id}")
}

fn key_end(now: Timestamp) -> Timestamp {
    now.checked_add(KEY_LIFE).unwrap_or(Timestamp::MAX)
}

impl World {
    /// A fresh world as the configuration describes it. `origin` is `http://127.0.0.1:PORT`.
    pub(crate) fn new(config: &SandboxConfig, origin: &str, now: Timestamp) -> Self {
        let mut rng = match config.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => StdRng::from_os_rng(),
        };
        let mut org = Org::default();
        org.id.clone_from(&config.org.id);
        org.admin_key = config
            .org
            .admin_key
            .clone()
            .unwrap_or_else(|| format!("org-{}", new_hex(&mut rng, 40)));
        org.domains = config
            .org
            .verified_domains
            .iter()
            .map(|d| fold(d))
            .collect();
        for group in &config.org.groups {
            org.add_group(&group.name, group.kind);
        }
        let mut world = Self {
            rng,
            org,
            directories: Vec::new(),
            dirty: true,
        };
        for account in &config.org.accounts {
            world.add_account(account);
        }
        for directory in &config.directories {
            world.add_directory(directory.id.clone(), directory.key.clone(), origin, now);
        }
        if world.directories.is_empty() {
            world.add_directory(None, None, origin, now);
        }
        world
    }

    fn add_directory(
        &mut self,
        id: Option<String>,
        key: Option<String>,
        origin: &str,
        now: Timestamp,
    ) {
        let id = id.unwrap_or_else(|| new_uuid(&mut self.rng).to_string());
        let key = key.unwrap_or_else(|| new_hex(&mut self.rng, 48));
        let base_url = base_url(origin, &id);
        self.directories
            .push(Directory::new(id, key, key_end(now), base_url));
    }

    /// Adds an account and returns its id.
    pub(crate) fn add_account(&mut self, account: &AccountConfig) -> String {
        let id = account
            .id
            .clone()
            .unwrap_or_else(|| new_hex(&mut self.rng, 24));
        self.org
            .add_account(id.clone(), &account.email, account.kind);
        self.dirty = true;
        id
    }

    /// The old key stops at once (row 45).
    pub(crate) fn regenerate_key(&mut self, directory: &str, now: Timestamp) -> Option<String> {
        let key = new_hex(&mut self.rng, 48);
        let directory = self.directories.iter_mut().find(|d| d.id == directory)?;
        directory.key.clone_from(&key);
        directory.key_expires = key_end(now);
        self.dirty = true;
        Some(key)
    }

    pub(crate) fn trace_id(&mut self) -> String {
        new_hex(&mut self.rng, 32)
    }

    /// The working place of one request; `None` if there is no such directory.
    pub(crate) fn desk<'a>(
        &'a mut self,
        directory: &str,
        knobs: &'a Knobs,
        now: Timestamp,
    ) -> Option<Desk<'a>> {
        let Self {
            rng,
            org,
            directories,
            ..
        } = self;
        let directory = directories.iter_mut().find(|d| d.id == directory)?;
        Some(Desk {
            directory,
            org,
            rng,
            knobs,
            now,
        })
    }

    /// The state as JSON.
    pub(crate) fn save(&mut self) -> Vec<u8> {
        let directories = self.directories.iter_mut().map(save_directory).collect();
        let org = std::mem::take(&mut self.org);
        let saved = Saved {
            version: STATE_VERSION,
            org,
            directories,
        };
        let bytes = super::error::to_bytes(&saved);
        self.org = saved.org;
        self.dirty = false;
        bytes
    }

    /// Takes the state from JSON; the configuration gives what the state does not hold.
    pub(crate) fn load(&mut self, bytes: &[u8], origin: &str) -> Result<(), String> {
        let saved: Saved = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if saved.version != STATE_VERSION {
            return Err(format!(
                "version {STATE_VERSION} is expected, found {}",
                saved.version
            ));
        }
        if saved.directories.is_empty() {
            return Err("at least one directory is expected".to_owned());
        }
        self.org = saved.org;
        self.directories = saved
            .directories
            .into_iter()
            .map(|d| restore(d, origin))
            .collect();
        self.dirty = false;
        Ok(())
    }
}

fn save_directory(directory: &mut Directory) -> SavedDirectory {
    let live: Vec<_> = directory.user_ids().to_vec();
    let users = live.iter().filter_map(|id| directory.user(id)).cloned();
    let dead = directory.all_users().filter(|u| u.deleted).cloned();
    let users = users.chain(dead).collect();
    let groups: Vec<_> = directory.group_ids().to_vec();
    SavedDirectory {
        id: directory.id.clone(),
        key: directory.key.clone(),
        key_expires: directory.key_expires,
        users,
        groups: groups
            .iter()
            .filter_map(|id| directory.group(id))
            .cloned()
            .collect(),
    }
}

fn restore(saved: SavedDirectory, origin: &str) -> Directory {
    let base_url = base_url(origin, &saved.id);
    let mut directory = Directory::new(saved.id, saved.key, saved.key_expires, base_url);
    for user in saved.users {
        directory.put_user(user);
    }
    for group in saved.groups {
        directory.put_group(group);
    }
    directory
}
