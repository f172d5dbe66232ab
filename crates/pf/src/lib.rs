//! usher-pf
