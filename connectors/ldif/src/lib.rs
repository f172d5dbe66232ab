//! usher-connector-ldif
