//! usher-store-sqlite
