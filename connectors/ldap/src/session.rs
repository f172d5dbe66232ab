//! The connections of one read, all to one host, and what that host says about itself.

use usher_connector::SourceError;
use usher_core::model::Millis;
use usher_directory::Dn;
use usher_directory::compare::generalized_time_to_unix_ms;
use usher_ldap::{Client, LdapEntry, LdapError, Pool, RootDse};

use crate::errors::source_error;
use crate::settings::Settings;

/// Connections over which single entries are read at once.
const PARALLEL: usize = 4;

/// What is known of the host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// As a URL.
    pub(crate) host: String,
    pub(crate) root: RootDse,
    /// The naming context that holds the base DN.
    pub(crate) context: Option<String>,
    /// The host's own time.
    pub(crate) server_time: Option<Millis>,
    /// When the host last changed, where it says so.
    pub(crate) last_change: Option<Millis>,
    /// Active Directory's highest update sequence number, and the controller that counts it.
    pub(crate) usn: Option<(u64, String)>,
}

/// Connections to one host.
pub(crate) struct Session {
    pub(crate) facts: Facts,
    main: Option<Client>,
    side: Option<Client>,
    pool: Pool,
    gone: Option<LdapError>,
}

impl Session {
    /// Connects and binds to the first host that works, and asks what it is.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, SourceError> {
        let mut errors = Vec::new();
        for endpoint in &settings.endpoints {
            let pool = Pool::new(
                vec![endpoint.clone()],
                settings.options.clone(),
                settings.credentials.clone(),
                PARALLEL,
            );
            match connect(settings, endpoint).await {
                Ok(mut client) => {
                    let facts = facts(&mut client, settings)
                        .await
                        .map_err(|error| source_error(&error))?;
                    return Ok(Self {
                        facts,
                        main: Some(client),
                        side: None,
                        pool,
                        gone: None,
                    });
                }
                // Another host knows the same passwords; asking on locks the account.
                Err(error @ LdapError::Auth { .. }) => return Err(source_error(&error)),
                Err(error) => errors.push(error),
            }
        }
        let error = match (errors.pop(), errors.is_empty()) {
            (Some(only), true) => only,
            (last, _) => LdapError::AllFailed(errors.into_iter().chain(last).collect()),
        };
        Err(source_error(&error))
    }

    /// Takes the main connection, opened again if it broke.
    pub(crate) async fn take(&mut self, settings: &Settings) -> Result<Client, LdapError> {
        match self.main.take().filter(Client::is_usable) {
            Some(client) => Ok(client),
            None => self.again(settings).await,
        }
    }

    /// Gives the main connection back.
    pub(crate) fn put(&mut self, client: Client) {
        self.main = Some(client);
    }

    /// A second connection, for questions while the main one is in the middle of a page.
    pub(crate) async fn side(&mut self, settings: &Settings) -> Result<&mut Client, LdapError> {
        let client = match self.side.take().filter(Client::is_usable) {
            Some(client) => client,
            None => self.again(settings).await?,
        };
        Ok(self.side.insert(client))
    }

    /// A few connections to the same host.
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Connects again. A host that did not come back once is not tried again: a thousand groups would
    /// each wait for it.
    async fn again(&mut self, settings: &Settings) -> Result<Client, LdapError> {
        if let Some(error) = &self.gone {
            return Err(error.clone());
        }
        let endpoint = settings
            .endpoints
            .iter()
            .find(|endpoint| endpoint.to_string() == self.facts.host)
            .ok_or_else(|| LdapError::Unusable {
                endpoint: self.facts.host.clone(),
            })?;
        let connected = connect(settings, endpoint).await;
        self.gone = connected.as_ref().err().cloned();
        connected
    }

    /// The widest base that still holds everything a group below the base DN may contain.
    pub(crate) fn wide_base<'a>(&'a self, settings: &'a Settings) -> &'a str {
        self.facts
            .context
            .as_deref()
            .unwrap_or(&settings.rules.base_dn)
    }

    /// Says good-bye.
    pub(crate) async fn close(mut self) {
        for client in self.main.take().into_iter().chain(self.side.take()) {
            if client.is_usable() {
                client.unbind().await;
            }
        }
        self.pool.close_idle().await;
    }
}

async fn connect(
    settings: &Settings,
    endpoint: &usher_ldap::Endpoint,
) -> Result<Client, LdapError> {
    let mut client = Client::connect(std::slice::from_ref(endpoint), &settings.options).await?;
    client.bind(&settings.credentials).await?;
    Ok(client)
}

/// Asks the host about itself. What it does not say is unknown; only a broken connection is an error.
pub(crate) async fn facts(client: &mut Client, settings: &Settings) -> Result<Facts, LdapError> {
    let root = unless_broken(client.root_dse().await)?.unwrap_or_default();
    let host = client.endpoint().to_owned();
    let context = context_of(&root, &settings.rules.base);
    let more = ["currentTime", "highestCommittedUSN", "dsServiceName"];
    let extra = read(client, "", &more).await?;
    let mut server_time = extra.as_ref().and_then(|entry| time(entry, "currentTime"));
    if server_time.is_none() {
        server_time = monitored_time(client).await?;
    }
    let mut last_change = None;
    if let Some(context) = &context {
        let entry = read(client, context, &["contextCSN"]).await?;
        last_change = entry.as_ref().and_then(newest_csn);
    }
    let usn = match &extra {
        Some(entry) => controller(client, entry).await?,
        None => None,
    };
    Ok(Facts {
        host,
        root,
        context,
        server_time,
        last_change,
        usn,
    })
}

/// The longest naming context that holds the base.
pub(crate) fn context_of(root: &RootDse, base: &Dn) -> Option<String> {
    let holding = root.naming_contexts.iter().filter_map(|context| {
        let dn = Dn::parse(context).ok()?;
        (!dn.is_root() && base.is_under(&dn)).then_some((dn.rdns().len(), context))
    });
    holding
        .max_by_key(|(length, _)| *length)
        .map(|(_, context)| context.clone())
}

/// The time as servers with a monitor tell it, if they show that to the account.
async fn monitored_time(client: &mut Client) -> Result<Option<Millis>, LdapError> {
    let open_ldap = "cn=Current,cn=Time,cn=Monitor";
    for (dn, attribute) in [
        (open_ldap, "monitorTimestamp"),
        ("cn=monitor", "currentTime"),
    ] {
        let entry = read(client, dn, &[attribute]).await?;
        if let Some(time) = entry.and_then(|entry| time(&entry, attribute)) {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

/// The newest of a replica's change numbers (`20240229120000.000000Z#000000#000#000000`).
fn newest_csn(entry: &LdapEntry) -> Option<Millis> {
    let texts = entry.texts("contextCSN");
    let times = texts.iter().filter_map(|csn| csn.split('#').next());
    times
        .filter_map(|text| generalized_time_to_unix_ms(text).ok())
        .max()
}

/// The highest number and who counts it. The invocation id changes when a controller is restored.
async fn controller(
    client: &mut Client,
    root: &LdapEntry,
) -> Result<Option<(u64, String)>, LdapError> {
    let usn = root
        .text("highestCommittedUSN")
        .and_then(|text| text.parse().ok());
    let (Some(usn), Some(service)) = (usn, root.text("dsServiceName")) else {
        return Ok(None);
    };
    let entry = read(client, service, &["invocationId"]).await?;
    let mut name = service.to_owned();
    for byte in entry
        .iter()
        .flat_map(|entry| entry.values("invocationId"))
        .flatten()
    {
        name.push_str(&format!("{byte:02x}"));
    }
    Ok(Some((usn, name)))
}

fn time(entry: &LdapEntry, attribute: &str) -> Option<Millis> {
    generalized_time_to_unix_ms(entry.text(attribute)?).ok()
}

/// Reads an entry that need not be there.
async fn read(
    client: &mut Client,
    dn: &str,
    attributes: &[&str],
) -> Result<Option<LdapEntry>, LdapError> {
    Ok(unless_broken(client.read_entry(dn, attributes).await)?.flatten())
}

fn unless_broken<T>(result: Result<T, LdapError>) -> Result<Option<T>, LdapError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(LdapError::Result { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
