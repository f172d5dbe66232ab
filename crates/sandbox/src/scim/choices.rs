//! The positions of the knobs that have more than two.

use serde::{Deserialize, Serialize};

/// A two- or three-way setting: an enum in snake case with a default.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every position, for suites that run through all of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }
    };
}

choice! {
    /// What happens to something the service may take, refuse, or swallow.
    Acceptance {
        /// It is carried out.
        #[default]
        Accept,
        /// 400.
        Refuse,
        /// 200, and nothing changes.
        Ignore,
    }
}
choice! {
    /// Answer to a key that is unknown, expired or replaced (row 2).
    InvalidKey {
        /// 401 with the gateway's body.
        #[default]
        Unauthorized,
        /// 403 with the gateway's body.
        Forbidden,
    }
}
choice! {
    /// Answer to a valid key of another directory (row 3).
    ForeignDirectory {
        /// 403 with the gateway's body.
        #[default]
        Forbidden,
        /// 401 with the gateway's body.
        Unauthorized,
        /// 404 with a SCIM body.
        NotFound,
    }
}
choice! {
    /// Answer to a directory id that does not exist (row 4).
    UnknownDirectory {
        /// 404 with a SCIM body.
        #[default]
        NotFound,
        /// 403 with the gateway's body.
        Forbidden,
    }
}
choice! {
    /// Media type of answers (row 5).
    Media {
        /// `application/scim+json`
        #[default]
        ScimJson,
        /// `application/json`
        Json,
    }
}
choice! {
    /// Body of the 400 for a filter that is not offered (row 8).
    UnsupportedFilter {
        /// SCIM body with scimType `invalidFilter`.
        #[default]
        InvalidFilter,
        /// SCIM body without scimType.
        NoScimType,
    }
}
choice! {
    /// What `itemsPerPage` says (row 9).
    ItemsPerPage {
        /// The page size in force.
        #[default]
        PageSize,
        /// The number of resources returned.
        Returned,
    }
}
choice! {
    /// `Resources` of an empty list (C.3, row 9).
    EmptyList {
        /// `[]`
        #[default]
        EmptyArray,
        /// The member is left out.
        Omitted,
    }
}
choice! {
    /// What is done with attributes left out of a PUT (row 18) or members left out of a PUT of a
    /// group (row 35).
    PutOmitted {
        /// They are cleared.
        #[default]
        Cleared,
        /// They stay.
        Kept,
    }
}
choice! {
    /// What a PUT without `active` does to it (rows 18 and 47).
    PutWithoutActive {
        /// The attribute is gone from the record; the account keeps its status.
        #[default]
        Cleared,
        /// The attribute stays as it was.
        Kept,
        /// The account is deactivated, as if `false` had been sent.
        Deactivated,
    }
}
choice! {
    /// An email on a domain the organisation has not verified, at creation (row 17).
    UnverifiedDomain {
        /// Accepted as an external user.
        #[default]
        External,
        /// 400, the older generation.
        Refused,
    }
}
choice! {
    /// An email changed to a domain that is not verified (row 22).
    EmailToUnverified {
        /// 200; account link and group memberships are lost.
        #[default]
        Unlinked,
        /// 400.
        Refused,
    }
}
choice! {
    /// A profile change of a user whose account is external (row 23).
    ExternalChange {
        /// 200; account link and group memberships are lost.
        #[default]
        Unlinked,
        /// 200; nothing else happens.
        Kept,
    }
}
choice! {
    /// Two records with the same externalId (C.5: contradicting statements).
    ExternalIdDuplicate {
        /// Accepted: the uniqueness is the client's business.
        #[default]
        Accepted,
        /// 409 uniqueness.
        Refused,
    }
}
choice! {
    /// What the 409 for a taken userName prints (row 15).
    UserNameConflict {
        /// `with userName[x]`
        #[default]
        NamesUserName,
        /// `with email[x]`, as in the published cases.
        NamesEmail,
    }
}
choice! {
    /// What DELETE of a user does to the record (row 24).
    DeleteUser {
        /// Newest: the record and its memberships are gone.
        #[default]
        Removed,
        /// Older: like `active=false` and every later call on the id answers 404, but the groups
        /// go on listing the id.
        Deactivated,
    }
}
choice! {
    /// A userName or email posted again after its record was deleted (row 26).
    Recreate {
        /// 201 with a new id.
        #[default]
        NewId,
        /// 201 with the old id.
        OldId,
        /// 409: the deleted record still holds its values.
        Conflict,
    }
}
choice! {
    /// A group with the name of an ordinary group of the organisation (rows 28 and 29).
    OrgGroupConflict {
        /// 409 uniqueness.
        #[default]
        Conflict,
        /// 201, but nothing reaches the organisation until an administrator synchronises it.
        PendingReview,
    }
}
choice! {
    /// A group with the name of a default or built-in group (row 30).
    DefaultGroup {
        /// 201, and it never reaches the organisation.
        #[default]
        NeverPropagated,
        /// 409 uniqueness.
        Conflict,
    }
}
choice! {
    /// A member that is no user of this directory, in a PATCH (row 31).
    UnknownMember {
        /// 404 with a SCIM body.
        #[default]
        NotFound,
        /// 400 `invalidValue`.
        BadRequest,
        /// 200; the others are added.
        Ignored,
    }
}
choice! {
    /// Adding a member twice or removing one that is not in it (rows 31 and 32).
    NoOpMember {
        /// 200, nothing to do.
        #[default]
        NoOp,
        /// 400 `invalidValue`.
        Refused,
    }
}
choice! {
    /// A PATCH or PUT with another displayName for a group (row 34).
    RenameGroup {
        /// 400 `mutability`.
        #[default]
        Refused,
        /// 200, the old name stays.
        Ignored,
        /// 200 with the new name.
        Renamed,
    }
}
choice! {
    /// Body of the 400 for PUT of a group with an unknown member (row 35).
    PutGroupError {
        /// A serialised Java exception, as declared.
        #[default]
        JavaException,
        /// A SCIM body.
        Scim,
    }
}
choice! {
    /// When `active` is in a reply (row 47).
    ActiveInReplies {
        /// When the client has set it.
        #[default]
        AsSent,
        /// Always.
        Always,
        /// Never.
        Never,
    }
}
choice! {
    /// How a reply shows that no account is linked (C.4).
    UnlinkedAccount {
        /// The extension is left out.
        #[default]
        Omitted,
        /// `atlassianAccountId` is null.
        Null,
    }
}
choice! {
    /// Where organization and department stand in replies (C.4).
    EnterpriseLocation {
        /// In the enterprise extension.
        #[default]
        Extension,
        /// At the top level.
        TopLevel,
        /// In both places.
        Both,
    }
}
choice! {
    /// A PATCH whose filter path (`emails[type eq "work"].value`) matches nothing (row 20).
    NoMatch {
        /// An element is made from the filter.
        #[default]
        Created,
        /// 400 `noTarget`.
        NoTarget,
    }
}
choice! {
    /// `Retry-After` of a 429 (row 40).
    RetryAfter {
        /// Whole seconds until a request will pass.
        #[default]
        Seconds,
        /// An HTTP date.
        HttpDate,
        /// Left out.
        Absent,
    }
}
choice! {
    /// Body of a 429 (row 40).
    RateLimitBody {
        /// The gateway's body.
        #[default]
        Failure,
        /// A SCIM body.
        Scim,
    }
}
