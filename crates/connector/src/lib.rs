//! usher-connector
