//! Stories from end to end: a real directory server, the real connectors, the real store, and the sandbox over
//! HTTP. Everything is in `tests/`; this crate ships nothing.
