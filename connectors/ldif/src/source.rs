//! The source itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use usher_connector::{
    EventSink, FetchBy, Fetched, Named, ProbeReport, ReadRequest, Source, SourceError,
    SourceSettings, TreeEntry, TreeLevel,
};

use crate::directory::Directory;
use crate::settings::Settings;
use crate::{fetch, load, probe, read, tree};

/// An LDIF file, opened for one channel.
pub struct LdifSource {
    settings: Arc<Settings>,
    kept: Mutex<Option<Kept>>,
}

/// The file as it was last read.
struct Kept {
    stamp: Stamp,
    needed: BTreeSet<String>,
    directory: Arc<Directory>,
}

/// What tells that a file was not written since: length and time.
type Stamp = (u64, Option<SystemTime>);

impl LdifSource {
    /// Compiles the settings. The file is not opened.
    ///
    /// # Errors
    /// [`SourceError::Settings`] with every problem.
    pub fn open(settings: SourceSettings) -> Result<Self, SourceError> {
        Ok(Self {
            settings: Arc::new(Settings::compile(&settings)?),
            kept: Mutex::new(None),
        })
    }

    /// Reads the file, and keeps it for the fetches that follow a read.
    async fn load(&self, wanted: &[String], anew: bool) -> Result<Arc<Directory>, SourceError> {
        let needed = self.settings.needed(wanted);
        let stamp = self.stamp().await;
        if let Some(kept) = self.kept(stamp, &needed).filter(|_| !anew) {
            return Ok(kept);
        }
        let settings = Arc::clone(&self.settings);
        let names = needed.clone();
        let loaded = tokio::task::spawn_blocking(move || load::load(&settings, &names)).await;
        let loaded = loaded.map_err(|error| stopped(&error))?;
        let directory = Arc::new(loaded?);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = stamp.map(|stamp| Kept {
            stamp,
            needed,
            directory: Arc::clone(&directory),
        });
        Ok(directory)
    }

    /// Length and time of the file before it is read: what is written meanwhile is read again.
    async fn stamp(&self) -> Option<Stamp> {
        let metadata = tokio::fs::metadata(&self.settings.path).await.ok()?;
        Some((metadata.len(), metadata.modified().ok()))
    }

    fn kept(&self, stamp: Option<Stamp>, needed: &BTreeSet<String>) -> Option<Arc<Directory>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept
            .as_ref()
            .filter(|kept| Some(kept.stamp) == stamp && kept.needed == *needed)?;
        Some(Arc::clone(&kept.directory))
    }
}

#[async_trait]
impl Source for LdifSource {
    async fn read(
        &self,
        request: &ReadRequest,
        sink: &mut dyn EventSink,
    ) -> Result<(), SourceError> {
        if let Some(problem) = self.settings.rules.unset() {
            return Err(SourceError::Settings(problem));
        }
        let directory = self.load(&request.attributes, true).await?;
        read::read(&self.settings, &directory, request, sink).await
    }

    async fn fetch(
        &self,
        by: &FetchBy,
        attributes: &[String],
    ) -> Result<Vec<Fetched>, SourceError> {
        let directory = self.load(attributes, false).await?;
        Ok(fetch::fetch(&self.settings, &directory, by).await)
    }

    async fn probe(&self) -> Result<ProbeReport, SourceError> {
        Ok(probe::report(&self.settings, self.load(&[], true).await))
    }

    async fn children(&self, dn: &str, limit: u32) -> Result<TreeLevel, SourceError> {
        let (path, dn) = (self.settings.path.clone(), dn.to_owned());
        let level = tokio::task::spawn_blocking(move || tree::children(&path, &dn, limit));
        level.await.map_err(|error| stopped(&error))?
    }

    async fn tree_entry(&self, dn: &str) -> Result<Option<TreeEntry>, SourceError> {
        let (path, dn) = (self.settings.path.clone(), dn.to_owned());
        let entry = tokio::task::spawn_blocking(move || tree::entry(&path, &dn));
        entry.await.map_err(|error| stopped(&error))?
    }

    async fn find(
        &self,
        text: &str,
        attributes: &[String],
        limit: u32,
    ) -> Result<Named, SourceError> {
        let directory = self.load(attributes, false).await?;
        Ok(directory.having(&self.settings, text, attributes, limit))
    }
}

fn stopped(error: &tokio::task::JoinError) -> SourceError {
    SourceError::Protocol(format!(
        "reading the LDIF file failed unexpectedly: {error}"
    ))
}
