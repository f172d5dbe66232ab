//! usher-scim
