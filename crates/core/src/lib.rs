//! usher-core
