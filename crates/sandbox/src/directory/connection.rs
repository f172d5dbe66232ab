//! One client: bind, search, WhoAmI, writes, until it goes.

use std::io;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapBindResponse, LdapExtendedRequest, LdapExtendedResponse,
    LdapMsg, LdapOp, LdapResult, LdapResultCode, OID_WHOAMI,
};
use ldap3_proto::{DisconnectionNotice, LdapCodec};
use tokio::net::TcpStream;
use tokio_util::codec::Framed;
use usher_directory::Dn;

use super::{Shared, search, write};

/// Largest request, and how deep it may be nested.
const MAX_REQUEST: usize = 1 << 20;
const MAX_DEPTH: usize = 128;

pub(crate) type Wire = Framed<TcpStream, LdapCodec>;

/// Serves one client to its end. Errors end it too: the client sees a closed connection.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers are waited for.
    let _ = stream.set_nodelay(true);
    let codec = LdapCodec::new(Some(MAX_REQUEST), Some(MAX_DEPTH));
    let mut session = Session {
        wire: Framed::new(stream, codec),
        shared,
        bound: None,
    };
    // A client that is gone or was cut needs no answer.
    let _ = session.run().await;
}

pub(crate) struct Session {
    pub(crate) wire: Wire,
    pub(crate) shared: Arc<Shared>,
    /// Who the client is; nobody before a bind.
    bound: Option<Dn>,
}

/// A result without further details.
pub(crate) fn result(code: LdapResultCode, message: impl Into<String>) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: message.into(),
        referral: Vec::new(),
    }
}

impl Session {
    async fn run(&mut self) -> io::Result<()> {
        while let Some(message) = self.wire.next().await {
            let Ok(message) = message else {
                let text = "the request cannot be decoded (values in filters must be UTF-8 here)";
                let notice = DisconnectionNotice::gen_response(LdapResultCode::ProtocolError, text);
                return self.wire.send(notice).await;
            };
            let LdapMsg { msgid, op, ctrl } = message;
            let reply = match op {
                LdapOp::UnbindRequest => return Ok(()),
                // Every operation is finished before the next is read, so there is nothing to abandon.
                LdapOp::AbandonRequest(_) => continue,
                LdapOp::SearchRequest(request) => {
                    search::answer(self, msgid, request, &ctrl).await?;
                    continue;
                }
                LdapOp::BindRequest(request) => LdapOp::BindResponse(self.bind(&request)),
                LdapOp::ExtendedRequest(request) => {
                    LdapOp::ExtendedResponse(self.extended(&request))
                }
                other => match self.change(other, &ctrl) {
                    Some(reply) => reply,
                    None => return Ok(()),
                },
            };
            self.wire.send(LdapMsg::new(msgid, reply)).await?;
        }
        Ok(())
    }

    fn bind(&mut self, request: &LdapBindRequest) -> LdapBindResponse {
        self.bound = None;
        let res = match &request.cred {
            _ if request.version != 3 => {
                result(LdapResultCode::ProtocolError, "only version 3 is spoken")
            }
            LdapBindCred::Simple(password) => self.check(&request.dn, password),
            LdapBindCred::SASL(_) | LdapBindCred::Unsupported => result(
                LdapResultCode::AuthMethodNotSupported,
                "only simple binds are supported",
            ),
        };
        LdapBindResponse {
            res,
            saslcreds: None,
        }
    }

    fn check(&mut self, name: &str, password: &str) -> LdapResult {
        if name.is_empty() && password.is_empty() {
            return result(LdapResultCode::Success, "");
        }
        if password.is_empty() {
            return result(
                LdapResultCode::UnwillingToPerform,
                "a bind with a name needs a password",
            );
        }
        let dn = match Dn::parse(name) {
            Ok(dn) => dn,
            Err(error) => return result(LdapResultCode::InvalidDNSyntax, error.to_string()),
        };
        match &self.shared.account {
            Some((account, secret)) if account.is_equal(&dn) && secret == password => {
                self.bound = Some(dn);
                result(LdapResultCode::Success, "")
            }
            _ => result(LdapResultCode::InvalidCredentials, ""),
        }
    }

    fn extended(&self, request: &LdapExtendedRequest) -> LdapExtendedResponse {
        let (res, value) = if request.name == OID_WHOAMI {
            let name = self
                .bound
                .as_ref()
                .map(|dn| format!("dn:{dn}"))
                .unwrap_or_default();
            (result(LdapResultCode::Success, ""), Some(name.into_bytes()))
        } else {
            (
                result(
                    LdapResultCode::ProtocolError,
                    "this extended operation is not supported",
                ),
                None,
            )
        };
        LdapExtendedResponse {
            res,
            name: None,
            value,
        }
    }

    /// Whether the client may read.
    pub(crate) fn may_read(&self) -> bool {
        self.bound.is_some() || self.shared.account.is_none() || self.shared.options.anonymous_reads
    }

    /// Answers an add, modify or delete; `None` for what no client may send.
    fn change(&self, op: LdapOp, controls: &[LdapControl]) -> Option<LdapOp> {
        let allowed = if let Some(oid) = critical(controls) {
            Err(result(
                LdapResultCode::UnavailableCriticalExtension,
                format!("the control {oid} is not supported"),
            ))
        } else if !self.shared.options.writable {
            Err(result(
                LdapResultCode::UnwillingToPerform,
                "this directory is read-only",
            ))
        } else if self.bound.is_none() {
            Err(result(
                LdapResultCode::InsufficentAccessRights,
                "bind first",
            ))
        } else {
            Ok(())
        };
        write::answer(&self.shared, op, allowed)
    }
}

/// The OID of a critical control that is not known here.
pub(crate) fn critical(controls: &[LdapControl]) -> Option<String> {
    controls.iter().find_map(|control| match control {
        LdapControl::Unknown {
            oid,
            criticality: true,
            ..
        } => Some(oid.clone()),
        LdapControl::SyncRequest {
            criticality: true, ..
        } => Some("1.3.6.1.4.1.4203.1.9.1.1".to_owned()),
        LdapControl::ShowDeleted { criticality: true } => Some("1.2.840.113556.1.4.417".to_owned()),
        LdapControl::AdDirsync { .. } => Some("1.2.840.113556.1.4.841".to_owned()),
        _ => None,
    })
}
