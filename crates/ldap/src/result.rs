//! Result codes (RFC 4511 §4.1.9 and Appendix A) and what to do about them.

use std::fmt;

/// A result code as the server sent it. Codes that this crate does not know are kept as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultCode(pub u32);

macro_rules! codes {
    ($($name:ident = $number:literal, $text:literal, $hint:literal;)*) => {
        impl ResultCode {
            $(#[doc = concat!("`", $text, "` (", stringify!($number), ").")]
            pub const $name: Self = Self($number);)*

            /// The name in RFC 4511, or `unknown`.
            pub fn name(self) -> &'static str {
                match self.0 { $($number => $text,)* _ => "unknown" }
            }

            /// What an administrator can do about it; empty when there is nothing general to say.
            pub fn hint(self) -> &'static str {
                match self.0 { $($number => $hint,)* _ => "" }
            }
        }
    };
}

codes! {
    SUCCESS = 0, "success", "";
    OPERATIONS_ERROR = 1, "operationsError", "The server wants a bind before this operation: set a bind DN and password in the data store.";
    PROTOCOL_ERROR = 2, "protocolError", "The server did not understand the request: check that it is an LDAP version 3 server.";
    TIME_LIMIT_EXCEEDED = 3, "timeLimitExceeded", "The search took longer than the server allows: index the attributes of the filter, narrow the base DN, or raise the limit of the bind account.";
    SIZE_LIMIT_EXCEEDED = 4, "sizeLimitExceeded", "The server returned only a part: raise the size limit of the bind account, or read in smaller pages.";
    AUTH_METHOD_NOT_SUPPORTED = 7, "authMethodNotSupported", "The server does not allow a simple bind.";
    STRONGER_AUTH_REQUIRED = 8, "strongerAuthRequired", "The server wants a protected channel: use ldaps or StartTLS.";
    REFERRAL = 10, "referral", "This server does not hold the base DN: use a server that does (referrals are not followed).";
    ADMIN_LIMIT_EXCEEDED = 11, "adminLimitExceeded", "The search touches more entries than the server allows: index the attributes of the filter or raise the limit of the bind account.";
    UNAVAILABLE_CRITICAL_EXTENSION = 12, "unavailableCriticalExtension", "The server does not support a control that was asked for, most likely paged results: check supportedControl in its root DSE.";
    CONFIDENTIALITY_REQUIRED = 13, "confidentialityRequired", "The server refuses this without encryption: use ldaps or StartTLS.";
    NO_SUCH_ATTRIBUTE = 16, "noSuchAttribute", "";
    UNDEFINED_ATTRIBUTE_TYPE = 17, "undefinedAttributeType", "";
    INAPPROPRIATE_MATCHING = 18, "inappropriateMatching", "An attribute in the filter does not support this kind of comparison.";
    INVALID_ATTRIBUTE_SYNTAX = 21, "invalidAttributeSyntax", "A value in the filter does not fit its attribute.";
    NO_SUCH_OBJECT = 32, "noSuchObject", "The base DN does not exist, or the bind account may not see it: check both.";
    INVALID_DN_SYNTAX = 34, "invalidDNSyntax", "Check the spelling of the DN.";
    INAPPROPRIATE_AUTHENTICATION = 48, "inappropriateAuthentication", "The server does not allow this kind of bind, often an anonymous one: set a bind DN and password.";
    INVALID_CREDENTIALS = 49, "invalidCredentials", "Check the bind DN and the password.";
    INSUFFICIENT_ACCESS_RIGHTS = 50, "insufficientAccessRights", "Give the bind account the right to read this.";
    BUSY = 51, "busy", "The server is busy: try again later.";
    UNAVAILABLE = 52, "unavailable", "The server is shutting down or partly offline: try again later or use another host.";
    UNWILLING_TO_PERFORM = 53, "unwillingToPerform", "";
    LOOP_DETECT = 54, "loopDetect", "";
    OTHER = 80, "other", "";
}

impl fmt::Display for ResultCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.name(), self.0)
    }
}

/// What a server says at the end of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LdapResult {
    /// The result code.
    pub code: ResultCode,
    /// How much of the DN exists, for `noSuchObject`; otherwise empty.
    pub matched_dn: String,
    /// The server's diagnostic message, with bytes that are not UTF-8 replaced.
    pub message: String,
    /// Where else to ask, as LDAP URLs. They are never followed.
    pub referrals: Vec<String>,
}

impl fmt::Display for LdapResult {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.code)?;
        if !self.message.is_empty() {
            write!(
                out,
                ", the server says \"{}\"",
                self.message.trim_end_matches('\0')
            )?;
        }
        if !self.matched_dn.is_empty() {
            write!(out, ", the part that exists is \"{}\"", self.matched_dn)?;
        }
        if !self.referrals.is_empty() {
            write!(out, ", it refers to {}", self.referrals.join(" "))?;
        }
        Ok(())
    }
}

/// Why a bind was refused, as far as the server tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindRefusal {
    /// Active Directory `52e`: the account exists, the password is wrong.
    WrongPassword,
    /// Active Directory `525`: there is no such account.
    NoSuchAccount,
    /// Active Directory `530`: outside the permitted hours.
    OutsideHours,
    /// Active Directory `531`: not from this machine.
    WrongMachine,
    /// Active Directory `532`: the password has expired.
    PasswordExpired,
    /// Active Directory `533`: the account is disabled.
    Disabled,
    /// Active Directory `701`: the account has expired.
    AccountExpired,
    /// Active Directory `773`: the password must be changed first.
    MustChangePassword,
    /// Active Directory `775`: the account is locked.
    Locked,
    /// The server gives no reason, or one that is not known here.
    Unspecified,
}

impl BindRefusal {
    /// Reads Active Directory's `data` code out of a diagnostic message such as
    /// `80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v4563`.
    pub fn from_message(message: &str) -> Self {
        let Some((_, rest)) = message.split_once("data ") else {
            return Self::Unspecified;
        };
        let code: String = rest
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        match code.to_ascii_lowercase().as_str() {
            "52e" => Self::WrongPassword,
            "525" => Self::NoSuchAccount,
            "530" => Self::OutsideHours,
            "531" => Self::WrongMachine,
            "532" => Self::PasswordExpired,
            "533" => Self::Disabled,
            "701" => Self::AccountExpired,
            "773" => Self::MustChangePassword,
            "775" => Self::Locked,
            _ => Self::Unspecified,
        }
    }

    /// The reason and the remedy in one or two sentences.
    pub fn hint(self) -> &'static str {
        match self {
            Self::WrongPassword => "The account exists but the password is wrong: enter it again.",
            Self::NoSuchAccount => "There is no such account: check the bind DN.",
            Self::OutsideHours => "The account may not log on at this hour: lift its logon hours.",
            Self::WrongMachine => "The account may not log on from this machine: lift that limit.",
            Self::PasswordExpired => {
                "The password has expired: set a new one that does not expire."
            }
            Self::Disabled => "The account is disabled: enable it or use another one.",
            Self::AccountExpired => "The account has expired: extend it or use another one.",
            Self::MustChangePassword => {
                "The password must be changed before it can be used: do so."
            }
            Self::Locked => "The account is locked: unlock it, then check the password.",
            Self::Unspecified => ResultCode::INVALID_CREDENTIALS.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_directory_tells_why_a_bind_was_refused() {
        let text = "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 533, v4563\0";
        assert_eq!(BindRefusal::from_message(text), BindRefusal::Disabled);
        assert_eq!(
            BindRefusal::from_message("data 52E, v1"),
            BindRefusal::WrongPassword
        );
        assert_eq!(
            BindRefusal::from_message("no data"),
            BindRefusal::Unspecified
        );
        assert_eq!(BindRefusal::from_message(""), BindRefusal::Unspecified);
    }

    #[test]
    fn an_unknown_code_keeps_its_number() {
        assert_eq!(ResultCode(16654).to_string(), "unknown (16654)");
        assert_eq!(
            ResultCode::SIZE_LIMIT_EXCEEDED.to_string(),
            "sizeLimitExceeded (4)"
        );
    }
}
