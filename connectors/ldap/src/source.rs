//! The source itself.

use async_trait::async_trait;
use usher_connector::{
    EventSink, FetchBy, Fetched, Named, ProbeReport, ReadRequest, Source, SourceError,
    SourceSettings, TreeEntry, TreeLevel,
};
use usher_core::model::Watermark;
use usher_ldap::Pool;

use crate::fetch::Kept;
use crate::settings::{Clock, Settings};
use crate::watermark::Mark;
use crate::{fetch, named, probe, read, tree};

/// Connections for fetches.
const FETCH_CONNECTIONS: usize = 4;

/// An LDAP directory, opened for one channel.
pub struct LdapSource {
    settings: Settings,
    pool: Pool,
    kept: Kept,
}

impl LdapSource {
    /// Compiles the settings. No connection is made.
    ///
    /// # Errors
    /// [`SourceError::Settings`] with every problem.
    pub fn open(settings: SourceSettings) -> Result<Self, SourceError> {
        let settings = Settings::compile(&settings)?;
        let pool = Pool::new(
            settings.endpoints.clone(),
            settings.options.clone(),
            settings.credentials.clone(),
            FETCH_CONNECTIONS,
        );
        Ok(Self {
            settings,
            pool,
            kept: Kept::default(),
        })
    }

    /// With this machine's clock. Servers that tell neither their time nor when they changed last can
    /// be read by delta only with one.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.settings.clock = Some(clock);
        self
    }
}

#[async_trait]
impl Source for LdapSource {
    async fn read(
        &self,
        request: &ReadRequest,
        sink: &mut dyn EventSink,
    ) -> Result<(), SourceError> {
        read::read(&self.settings, request, sink).await
    }

    async fn fetch(
        &self,
        by: &FetchBy,
        attributes: &[String],
    ) -> Result<Vec<Fetched>, SourceError> {
        fetch::fetch(&self.settings, &self.pool, &self.kept, by, attributes).await
    }

    async fn probe(&self) -> Result<ProbeReport, SourceError> {
        probe::probe(&self.settings).await
    }

    async fn children(&self, dn: &str, limit: u32) -> Result<TreeLevel, SourceError> {
        tree::children(&self.pool, dn, limit).await
    }

    async fn tree_entry(&self, dn: &str) -> Result<Option<TreeEntry>, SourceError> {
        tree::entry(&self.pool, dn).await
    }

    async fn find(
        &self,
        text: &str,
        attributes: &[String],
        limit: u32,
    ) -> Result<Named, SourceError> {
        named::find(&self.settings, &self.pool, text, attributes, limit).await
    }

    fn is_older(&self, mark: &Watermark, than: &Watermark) -> bool {
        match (Mark::parse(mark), Mark::parse(than)) {
            (Some(mark), Some(than)) => mark.is_older(&than),
            _ => false,
        }
    }
}
