//! usher-directory
