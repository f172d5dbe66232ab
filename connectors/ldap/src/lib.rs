//! usher-connector-ldap
