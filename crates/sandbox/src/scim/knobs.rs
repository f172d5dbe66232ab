//! Every unclear behaviour of the service as a setting. No position is called the truth: a client
//! has to be right in all of them. The row numbers are those of the table of behaviours that the
//! service reproduces; the tests quote them too.

use serde::{Deserialize, Serialize};

pub use super::choices::*;

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
