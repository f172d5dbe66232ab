//! A connector made of a profile.

use std::collections::BTreeMap;

use usher_connector::{Connector, Failure, Target, TargetError, TargetSettings};
use usher_core::descriptor::ConnectorDescriptor;

use crate::client::Client;
use crate::fields::Fields;
use crate::http;
use crate::profile::Profile;
use crate::settings;
use crate::target::ScimTarget;

/// A kind of SCIM target.
#[derive(Clone, Debug)]
pub struct ScimConnector {
    profile: Profile,
}

impl ScimConnector {
    /// A connector for the service that the profile describes.
    pub fn new(profile: Profile) -> Self {
        Self { profile }
    }

    /// The profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }
}

impl Connector for ScimConnector {
    fn descriptor(&self) -> &ConnectorDescriptor {
        &self.profile.descriptor
    }

    fn identity(&self, settings: &BTreeMap<String, String>) -> Result<String, Vec<String>> {
        let problems = settings::problems(&self.profile, settings);
        if !problems.is_empty() {
            return Err(problems);
        }
        let address = settings::address(&self.profile, settings).map_err(|error| vec![error])?;
        Ok(address.identity().to_owned())
    }

    fn open(&self, given: TargetSettings) -> Result<Box<dyn Target>, TargetError> {
        let stop = |message: String| TargetError::new(Failure::StopTarget, message);
        let address = settings::address(&self.profile, &given.settings).map_err(stop)?;
        let key = settings::key(&self.profile, &given).map_err(stop)?;
        let mut http =
            settings::http_settings(&given.settings, &given.secrets, given.timeout_seconds);
        settings::trust(&mut http, &given.authorities);
        if address.is_plain() {
            // Plain http is for this machine only, and a proxy is another machine: the key would reach it in the clear.
            http.proxy = None;
        }
        let http = http::build(&http).map_err(|error| stop(error.to_string()))?;
        let fields = Fields::new(&self.profile).map_err(|error| stop(error.to_string()))?;
        let client = Client::new(http, key);
        Ok(Box::new(ScimTarget::new(
            self.profile.clone(),
            address,
            client,
            fields,
        )))
    }
}
