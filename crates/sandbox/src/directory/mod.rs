//! The sample LDAP directory.
