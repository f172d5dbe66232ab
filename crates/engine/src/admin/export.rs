//! The configuration for whoever looks: sealed secrets are for those who may configure.

use usher_core::model::{Bind, Configuration, DataStoreKind, Sealed};

use super::Admin;
use super::operator::Permission;
use crate::error::EngineError;

impl Admin {
    /// The configuration as the operator may have it, in an export or one resource of it. Whoever may not change
    /// it gets no secret, sealed neither.
    pub async fn configuration_to_show(&self) -> Result<Configuration, EngineError> {
        let configuration = self.look_at_configuration().await?;
        Ok(if self.operator.may(Permission::Configure) {
            configuration
        } else {
            without_secrets(configuration)
        })
    }
}

fn without_secrets(mut configuration: Configuration) -> Configuration {
    let nothing = || Sealed(String::new());
    for store in &mut configuration.data_stores {
        if let DataStoreKind::Ldap(ldap) = &mut store.kind
            && let Bind::Simple { password, .. } = &mut ldap.bind
        {
            *password = nothing();
        }
    }
    for sp in &mut configuration.sp_connections {
        sp.secrets.clear();
    }
    if let Some(mail) = &mut configuration.server.mail {
        mail.password = None;
    }
    for webhook in &mut configuration.alerts.webhooks {
        webhook.secret = nothing();
    }
    configuration
}
