//! usher-ldap
