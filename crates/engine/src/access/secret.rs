//! Random tokens, and what is kept of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use usher_store::TokenHash;

/// Bytes of a token: nobody guesses 256 bits.
const TOKEN: usize = 32;

/// Something that whoever has it may do something with. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text; for the one who is to have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A new random token, behind a prefix that says what it is.
pub(super) fn draw(prefix: &str) -> Secret {
    let mut bytes = [0; TOKEN];
    rand::rng().fill_bytes(&mut bytes);
    Secret(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Random bytes, for a salt or a key of this process.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// What is kept of a token.
pub(super) fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

/// Whether both are the same; takes as long when they are not.
pub(super) fn same(one: &TokenHash, other: &TokenHash) -> bool {
    one.0.ct_eq(&other.0).into()
}

/// What a page of ours knows of its session beside the cookie, which no script can read: follows from the
/// session's token, and says nothing of it.
pub(super) fn csrf(session: &str) -> Secret {
    let mut hasher = Sha256::new();
    hasher.update(b"usher csrf\0");
    hasher.update(session.as_bytes());
    Secret(URL_SAFE_NO_PAD.encode(hasher.finalize()))
}

/// Whether two texts are the same; takes as long when they are not, unless their lengths differ.
pub(super) fn same_text(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
