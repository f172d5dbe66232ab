//! usher-sandbox
