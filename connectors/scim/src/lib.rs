//! usher-connector-scim
