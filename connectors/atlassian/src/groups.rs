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

#[cfg(test)]
mod tests {
    use usher_core::planner::is_protected_by;

    use super::PROTECTED;

    fn is_protected(name: &str) -> bool {
        PROTECTED
            .iter()
            .any(|pattern| is_protected_by(pattern, name))
    }

    #[test]
    fn the_site_in_a_protected_name_is_any_text_behind_a_product() {
        for name in [
            "org-admins",
            "Site-Admins",
            "jira-admins-acme",
            "jira-users-acme-sandbox-012",
            "jira-software-users-acme",
            "jira-product-discovery-users-acme",
            "JIRA-Servicemanagement-Customers-acme",
            "confluence-users-acme",
            "confluence-admins-",
            "atlassian-addons-admin",
        ] {
            assert!(is_protected(name), "{name}");
        }
        // A company's own groups: the same words without a product, or a product without them.
        for name in [
            "vpn-users-berlin",
            "mail-admins-acme",
            "admins-acme",
            "jira-developers",
            "my-jira-users-acme",
            "org-admins-emea",
        ] {
            assert!(!is_protected(name), "{name}");
        }
    }
}
