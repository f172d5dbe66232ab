//! usher-engine
