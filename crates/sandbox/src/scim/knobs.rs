//! Every unclear behaviour of the service as a setting. No position is called the truth: a client
//! has to be right in all of them. The row numbers are those of the table of behaviours that the
//! service reproduces; the tests quote them too.

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

/// Rate limit of the whole directory: a bucket of `burst` requests that refills with `per_second`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Requests a second in the long run; 0 switches the limit off.
    pub per_second: u32,
    /// Requests that may come at once; 0 means the same as `per_second`.
    pub burst: u32,
    /// Whether and how a 429 says when to come back.
    pub retry_after: RetryAfter,
    /// Body of the 429.
    pub body: RateLimitBody,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            per_second: 0,
            burst: 0,
            retry_after: RetryAfter::Seconds,
            body: RateLimitBody::Failure,
        }
    }
}

/// Sizes above which a request is refused (row 42). The defaults are the published maxima.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Users in a directory.
    pub users: usize,
    /// Groups in a directory.
    pub groups: usize,
    /// Members of one group.
    pub members_per_group: usize,
    /// Memberships in a directory.
    pub memberships: usize,
    /// Members named in one PATCH; 0 means no limit (not documented, so unknown).
    pub members_per_patch: usize,
    /// 400 or 403; the body has scimType `tooMany` either way.
    pub status: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            users: 1_000_000,
            groups: 250_000,
            members_per_group: 290_000,
            memberships: 8_000_000,
            members_per_patch: 0,
            status: 400,
        }
    }
}

/// All settings of the service's behaviour. As JSON every member may be left out and unknown
/// members are refused, so a typing error in a test does not pass unseen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Row 2.
    pub invalid_key: InvalidKey,
    /// Row 3.
    pub foreign_directory: ForeignDirectory,
    /// Row 4.
    pub unknown_directory: UnknownDirectory,
    /// Row 5.
    pub media: Media,
    /// Row 6: an extra `/scim` segment after the directory id is tolerated (true).
    pub extra_scim_segment: bool,
    /// Rows 7 and 11: filters on userName and displayName ignore case (true).
    pub filters_fold_case: bool,
    /// Row 8.
    pub unsupported_filter: UnsupportedFilter,
    /// Row 9: largest page (100).
    pub page_cap: usize,
    /// Row 9: page size when `count` is not given (100).
    pub default_count: usize,
    /// Row 9.
    pub items_per_page: ItemsPerPage,
    /// Row 9.
    pub empty_list: EmptyList,
    /// Row 10: attributes together with excludedAttributes: `refuse` (default), or `ignore` the latter.
    pub both_projections: Acceptance,
    /// Row 12: exactly one primary email is needed (true); otherwise the first one counts.
    pub primary_required: bool,
    /// Row 15.
    pub user_name_conflict: UserNameConflict,
    /// C.5.
    pub external_id_duplicate: ExternalIdDuplicate,
    /// Row 17.
    pub unverified_domain: UnverifiedDomain,
    /// Row 18.
    pub put_omitted: PutOmitted,
    /// Rows 18 and 47.
    pub put_without_active: PutWithoutActive,
    /// Row 20: an attribute the schema does not know, in a PATCH path (`refuse`).
    pub unknown_path: Acceptance,
    /// Row 20: `remove` of an attribute of a user.
    pub patch_remove: Acceptance,
    /// Row 20: a PATCH operation without path whose value is an object.
    pub pathless_patch: Acceptance,
    /// Row 20: a path with a filter (`emails[type eq "work"].value`) in a PATCH of a user.
    pub filter_path: Acceptance,
    /// Row 20.
    pub filter_path_no_match: NoMatch,
    /// Row 20: a PATCH without `schemas` is carried out (true).
    pub schemas_optional: bool,
    /// Row 20: `"True"` and `"false"` as text where a boolean is expected (false: 400).
    pub text_booleans: bool,
    /// Row 21: group memberships stay when a user is deactivated (true).
    pub deactivated_keep_memberships: bool,
    /// Row 22.
    pub email_to_unverified: EmailToUnverified,
    /// Row 23.
    pub external_change: ExternalChange,
    /// Row 24.
    pub delete_user: DeleteUser,
    /// Row 26.
    pub recreate: Recreate,
    /// Row 26: the account is reactivated when its user is created again (true).
    pub recreate_reactivates: bool,
    /// Rows 28 and 29.
    pub org_group_conflict: OrgGroupConflict,
    /// Row 30.
    pub default_group: DefaultGroup,
    /// Row 31.
    pub unknown_member: UnknownMember,
    /// Row 31: a refused PATCH of a group changes nothing (true), or keeps what came before the
    /// member it stumbled over (false).
    pub group_patch_atomic: bool,
    /// Row 31.
    pub already_member: NoOpMember,
    /// Row 32.
    pub not_a_member: NoOpMember,
    /// Row 32: `remove` of path `members` with a value array.
    pub remove_members_by_array: Acceptance,
    /// Row 32: `remove` of path `members[value eq "id"]`.
    pub remove_members_by_filter: Acceptance,
    /// Row 33: `replace` of path `members`.
    pub replace_members: Acceptance,
    /// Row 34.
    pub rename_group: RenameGroup,
    /// Row 35.
    pub put_group_error: PutGroupError,
    /// Row 35: members left out of a PUT.
    pub put_group_omitted: PutOmitted,
    /// Row 36: a group as member of a group: `refuse` (default) or `ignore`; `accept` is `ignore`.
    pub group_as_member: Acceptance,
    /// Row 38: `/ResourceTypes` is served (true) or answers 404.
    pub resource_types: bool,
    /// Row 40.
    pub rate_limit: RateLimit,
    /// Row 41: real milliseconds each SCIM request takes (0).
    pub service_time_ms: u64,
    /// Row 42.
    pub limits: Limits,
    /// Row 43: milliseconds until a change reaches the organisation's groups and accounts (0).
    pub propagation_delay_ms: u64,
    /// Row 43, contradicted: milliseconds until a created record is seen by lists and filters (0).
    /// Reading by id sees it at once.
    pub visible_after_ms: u64,
    /// Row 47.
    pub active_in_replies: ActiveInReplies,
    /// C.4.
    pub unlinked_account: UnlinkedAccount,
    /// C.4.
    pub enterprise_location: EnterpriseLocation,
    /// Attributes whose text is stored in lower case, for example `["userName", "emails.value"]`.
    pub lowercased: Vec<String>,
    /// Attributes that are accepted and never stored, for example `["phoneNumbers", "name.middleName"]`.
    pub dropped: Vec<String>,
    /// Attributes that are stored at creation; later changes answer 200 and change nothing.
    pub frozen: Vec<String>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            invalid_key: InvalidKey::default(),
            foreign_directory: ForeignDirectory::default(),
            unknown_directory: UnknownDirectory::default(),
            media: Media::default(),
            extra_scim_segment: true,
            filters_fold_case: true,
            unsupported_filter: UnsupportedFilter::default(),
            page_cap: 100,
            default_count: 100,
            items_per_page: ItemsPerPage::default(),
            empty_list: EmptyList::default(),
            both_projections: Acceptance::Refuse,
            primary_required: true,
            user_name_conflict: UserNameConflict::default(),
            external_id_duplicate: ExternalIdDuplicate::default(),
            unverified_domain: UnverifiedDomain::default(),
            put_omitted: PutOmitted::default(),
            put_without_active: PutWithoutActive::default(),
            unknown_path: Acceptance::Refuse,
            patch_remove: Acceptance::Accept,
            pathless_patch: Acceptance::Accept,
            filter_path: Acceptance::Accept,
            filter_path_no_match: NoMatch::default(),
            schemas_optional: true,
            text_booleans: false,
            deactivated_keep_memberships: true,
            email_to_unverified: EmailToUnverified::default(),
            external_change: ExternalChange::default(),
            delete_user: DeleteUser::default(),
            recreate: Recreate::default(),
            recreate_reactivates: true,
            org_group_conflict: OrgGroupConflict::default(),
            default_group: DefaultGroup::default(),
            unknown_member: UnknownMember::default(),
            group_patch_atomic: true,
            already_member: NoOpMember::default(),
            not_a_member: NoOpMember::default(),
            remove_members_by_array: Acceptance::Accept,
            remove_members_by_filter: Acceptance::Accept,
            replace_members: Acceptance::Accept,
            rename_group: RenameGroup::default(),
            put_group_error: PutGroupError::default(),
            put_group_omitted: PutOmitted::default(),
            group_as_member: Acceptance::Refuse,
            resource_types: true,
            rate_limit: RateLimit::default(),
            service_time_ms: 0,
            limits: Limits::default(),
            propagation_delay_ms: 0,
            visible_after_ms: 0,
            active_in_replies: ActiveInReplies::default(),
            unlinked_account: UnlinkedAccount::default(),
            enterprise_location: EnterpriseLocation::default(),
            lowercased: Vec::new(),
            dropped: Vec::new(),
            frozen: Vec::new(),
        }
    }
}
