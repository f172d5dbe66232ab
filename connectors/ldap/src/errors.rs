//! From the client's errors to the contract's.

use usher_connector::SourceError;
use usher_ldap::{LdapError, ResultCode};

/// What stops a read after it began.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The directory: the read ends as incomplete.
    Directory(LdapError),
    /// The receiver of events.
    Receiver(SourceError),
}

impl From<LdapError> for Halt {
    fn from(error: LdapError) -> Self {
        Self::Directory(error)
    }
}

/// An error before anything was learnt.
pub(crate) fn source_error(error: &LdapError) -> SourceError {
    let text = error.to_string();
    match error {
        LdapError::Auth { .. } => SourceError::Credentials(text),
        LdapError::Connect { .. }
        | LdapError::Tls { .. }
        | LdapError::Timeout { .. }
        | LdapError::Disconnected { .. }
        | LdapError::Unusable { .. } => SourceError::Unreachable(text),
        LdapError::AllFailed(_) => SourceError::Unreachable(text),
        LdapError::Request { .. } => SourceError::Settings(text),
        LdapError::Protocol { .. } | LdapError::TooLarge { .. } => SourceError::Protocol(text),
        LdapError::Result { result, .. } => by_code(result.code, text),
    }
}

fn by_code(code: ResultCode, text: String) -> SourceError {
    match code {
        ResultCode::BUSY | ResultCode::UNAVAILABLE | ResultCode::TIME_LIMIT_EXCEEDED => {
            SourceError::Unreachable(text)
        }
        ResultCode::INVALID_CREDENTIALS
        | ResultCode::INAPPROPRIATE_AUTHENTICATION
        | ResultCode::INSUFFICIENT_ACCESS_RIGHTS => SourceError::Credentials(text),
        ResultCode::NO_SUCH_OBJECT
        | ResultCode::INVALID_DN_SYNTAX
        | ResultCode::REFERRAL
        | ResultCode::OPERATIONS_ERROR
        | ResultCode::STRONGER_AUTH_REQUIRED
        | ResultCode::CONFIDENTIALITY_REQUIRED
        | ResultCode::AUTH_METHOD_NOT_SUPPORTED => SourceError::Settings(text),
        _ => SourceError::Protocol(text),
    }
}
