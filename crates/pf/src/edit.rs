//! One resource instead of a whole file: the same translation, with places relative to that resource.

use serde_json::{Value, json};

use crate::import::understood;
use crate::problem::{ConfigProblem, Warning};
use crate::{ConfigFile, ImportContext, Imported, PF_VERSION};

/// A resource of the published shape that can be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `/serverSettings`
    ServerSettings,
    /// `/serverSettings/outboundProvisioning`
    OutboundProvisioning,
    /// `/dataStores`
    DataStore,
    /// `/idp/spConnections`
    SpConnection,
    /// `/certificates/ca`
    CaCertificate,
}

impl Resource {
    /// Its type in a bulk configuration, which is its address too.
    pub fn address(self) -> &'static str {
        match self {
            Self::ServerSettings => "/serverSettings",
            Self::OutboundProvisioning => "/serverSettings/outboundProvisioning",
            Self::DataStore => "/dataStores",
            Self::SpConnection => "/idp/spConnections",
            Self::CaCertificate => "/certificates/ca",
        }
    }
}

/// Where the resource stands in the file that is made of it.
const PLACE: &str = "pf.operations[0].items[0]";

/// The configuration with one resource saved, or everything that is wrong with it. The context's mode is
/// [`Mode::Create`](crate::Mode::Create) or [`Mode::Update`](crate::Mode::Update). Places are relative to the
/// document, such as `outboundProvision.channels[0].name`; a problem of the whole document has an empty one, and one of
/// a policy begins with `policies`.
///
/// `policies` are those of the channels in the document, all of them; `None` leaves them as they are.
pub fn edit(
    resource: Resource,
    document: &Value,
    policies: Option<&[Value]>,
    context: ImportContext<'_>,
) -> Result<Imported, Vec<ConfigProblem>> {
    let (imported, problems) = sketch(resource, document, policies, context);
    if problems.is_empty() {
        Ok(imported)
    } else {
        Err(problems)
    }
}

/// As [`edit`], of a document that is still being written: the configuration with as much of it as can be understood,
/// beside everything that is wrong with it. For looking and trying; never to be saved while anything is wrong.
pub fn sketch(
    resource: Resource,
    document: &Value,
    policies: Option<&[Value]>,
    context: ImportContext<'_>,
) -> (Imported, Vec<ConfigProblem>) {
    let policies = policies.map(<[Value]>::to_vec);
    let file = ConfigFile::new(bulk_of(resource, document), policies);
    let (mut imported, mut problems) = understood(&file, context);
    // What is odd elsewhere is not this document's fault.
    imported
        .warnings
        .retain(|one| one.path.starts_with(PLACE) || one.path.starts_with("policies"));
    for Warning { path, .. } in &mut imported.warnings {
        *path = relative(path);
    }
    for problem in &mut problems {
        problem.path = relative(&problem.path);
    }
    (imported, problems)
}

/// A bulk configuration with this one document.
pub(crate) fn bulk_of(resource: Resource, document: &Value) -> Value {
    json!({
        "metadata": {"pfVersion": PF_VERSION},
        "operations": [{
            "resourceType": resource.address(),
            "operationType": "SAVE",
            "items": [document],
        }],
    })
}

pub(crate) fn relative(path: &str) -> String {
    let rest = path.strip_prefix(PLACE).unwrap_or(path);
    rest.trim_start_matches('.').to_owned()
}
