//! Group names that belong to Atlassian.

/// Names of built-in and default access groups, with `*`. Atlassian answers success when one is created, and nothing happens.
///
/// Default access groups end in the site's name, which the directory's settings do not tell; the products are named instead, so that a
/// company's own `vpn-users-berlin` is not caught.
pub(crate) const PROTECTED: &[&str] = &[
    "org-admins",
    "site-admins",
    "administrators",
    "system-administrators",
    "trusted-users",
    "jira-administrators",
    "jira-admins-*",
    "jira-users",
    "jira-users-*",
    "jira-*-admins-*",
    "jira-*-users-*",
    "jira-servicemanagement-*",
    "confluence-administrators",
    "confluence-admins-*",
    "confluence-users",
    "confluence-users-*",
    "bitbucket-admins-*",
    "bitbucket-users-*",
    "compass-admins-*",
    "compass-users-*",
    "opsgenie-admins-*",
    "opsgenie-users-*",
    "statuspage-admins-*",
    "statuspage-users-*",
    "atlassian-addons*",
];
