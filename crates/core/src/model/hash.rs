//! 128-bit content hashes, used to see that nothing changed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The first 16 bytes of a SHA-256 over canonical bytes. Equal content has an equal hash; the
/// reverse is assumed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash128(pub [u8; 16]);

impl Hash128 {
    /// Hashes the bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let mut out = [0; 16];
        out.iter_mut()
            .zip(digest.iter())
            .for_each(|(to, from)| *to = *from);
        Self(out)
    }

    /// Hashes the canonical JSON of a value. Canonical means: maps are `BTreeMap`s or structs,
    /// so that equal values always serialise to equal bytes.
    pub fn of_json<T: Serialize + ?Sized>(value: &T) -> Self {
        // Types of the model always serialise: they hold strings, numbers, lists and string-keyed
        // maps only. An error would still give a stable, distinct value rather than a panic.
        match serde_json::to_vec(value) {
            Ok(bytes) => Self::of(&bytes),
            Err(error) => Self::of(error.to_string().as_bytes()),
        }
    }
}

impl fmt::Display for Hash128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash128 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash128 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut out = [0; 16];
        hex::decode_to_slice(&text, &mut out).map_err(|error| {
            serde::de::Error::custom(format!("expected 32 hexadecimal digits: {error}"))
        })?;
        Ok(Self(out))
    }
}
