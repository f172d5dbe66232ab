//! Sealing of secrets and masked values.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce; the associated data is the kind of field, so
//! that a sealed value can be copied between objects of one kind but never be passed off as
//! another. The key lies outside the store and outside backups.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use usher_connector::{Opener, Plain};
use usher_core::mapping::Mask;
use usher_core::model::{FieldValue, Sealed};
use zeroize::Zeroize as _;

const PREFIX: &str = "usher1";
const NONCE: usize = 24;

/// Seals and opens.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    digest_key: [u8; 32],
    key_id: String,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file {path} cannot be used: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file does not hold a key.
    #[error(
        "the key file {path} does not hold a key: expected 64 hexadecimal digits, found {found}; restore the file from where it was kept"
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// There is a state, but no key.
    #[error(
        "the key file {path} is missing, but the state holds sealed secrets; put the file back, or enter every secret anew after removing the state"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
}

impl Sealer {
    /// From a key of 32 bytes.
    pub fn new(mut key: [u8; 32]) -> Self {
        let cipher = XChaCha20Poly1305::new(&key.into());
        let digest_key = tagged(&key, b"digest");
        let key_id = hex::encode(tagged(&key, b"id").get(..4).unwrap_or_default());
        key.zeroize();
        Self {
            cipher,
            digest_key,
            key_id,
        }
    }

    /// Reads the key file; makes one with a random key when there is none and `may_create`.
    pub fn open_or_create(path: &Path, may_create: bool) -> Result<Self, KeyError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_hex(path, text.trim()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_create => {
                let mut key = [0; 32];
                rand::rng().fill_bytes(&mut key);
                write_private(path, &hex::encode(key))?;
                Ok(Self::new(key))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(KeyError::Missing {
                path: path.to_owned(),
            }),
            Err(error) => Err(file_error(path, &error)),
        }
    }

    fn from_hex(path: &Path, text: &str) -> Result<Self, KeyError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).map_err(|_| KeyError::Content {
            path: path.to_owned(),
            found: match text.chars().count() {
                0 => "an empty file".to_owned(),
                64 => "64 characters that are not all such digits".to_owned(),
                characters => format!("{characters} characters"),
            },
        })?;
        Ok(Self::new(key))
    }

    /// Which key it is; part of every sealed text.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals a plain text for a kind of field (`api_key`, `bind_password`).
    pub fn seal(&self, kind: &str, plain: &str) -> Sealed {
        Sealed(self.seal_text(kind, plain))
    }

    fn seal_text(&self, kind: &str, plain: &str) -> String {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: kind.as_bytes(),
        };
        // Encryption in memory fails only for texts of over 256 GiB.
        let body = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .unwrap_or_default();
        format!(
            "{PREFIX}.{}.{kind}.{}{}",
            self.key_id,
            hex::encode(nonce),
            hex::encode(body)
        )
    }

    /// Opens a sealed text that must be of the kind.
    pub fn open(&self, kind: &str, sealed: &Sealed) -> Result<Plain, String> {
        let (found, plain) = self.open_text(&sealed.0)?;
        if found == kind {
            Ok(plain)
        } else {
            Err(format!(
                "a sealed value of the kind `{found}` stands where `{kind}` is expected"
            ))
        }
    }

    fn open_text(&self, text: &str) -> Result<(String, Plain), String> {
        let mut parts = text.splitn(4, '.');
        let (Some(PREFIX), Some(key), Some(kind), Some(body)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("a sealed value is damaged; enter the secret again".to_owned());
        };
        if key != self.key_id {
            return Err(format!(
                "a secret was sealed with the key {key}, but the key file holds {}; put the right key file back, or enter the secret again",
                self.key_id
            ));
        }
        let bytes =
            hex::decode(body).map_err(|_| "a sealed value is damaged; enter the secret again")?;
        let (nonce, body) = bytes
            .split_at_checked(NONCE)
            .ok_or("a sealed value is damaged; enter the secret again")?;
        let nonce: [u8; NONCE] = nonce
            .try_into()
            .map_err(|_| "a sealed value is damaged; enter the secret again")?;
        let payload = Payload {
            msg: body,
            aad: kind.as_bytes(),
        };
        let plain = self
            .cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| "a sealed value does not open; enter the secret again")?;
        let plain = String::from_utf8(plain).map_err(|_| "a sealed value is not text")?;
        Ok((kind.to_owned(), Plain::new(plain)))
    }
}

impl Mask for Sealer {
    fn mask(&self, field: &str, plain: &str) -> FieldValue {
        let mut hasher = Sha256::new();
        hasher.update(self.digest_key);
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
        hasher.update(plain.as_bytes());
        let mut digest = String::with_capacity(32);
        for byte in hasher.finalize().iter().take(16) {
            let _ = write!(digest, "{byte:02x}");
        }
        FieldValue::Sealed {
            token: self.seal_text("field", plain),
            digest,
        }
    }
}

impl Opener for Sealer {
    fn open(&self, token: &str) -> Result<Plain, String> {
        Sealer::open(self, "field", &Sealed(token.to_owned()))
    }
}

fn tagged(key: &[u8; 32], tag: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(key);
    hasher.update(tag);
    hasher.finalize().into()
}

fn file_error(path: &Path, error: &std::io::Error) -> KeyError {
    let remedy = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "it must belong to the user that runs Usher, with the permissions 0600"
        }
        std::io::ErrorKind::IsADirectory => {
            "expected a file with 64 hexadecimal digits, found a folder; name the file in `state.key_file`"
        }
        std::io::ErrorKind::InvalidData => {
            "expected 64 hexadecimal digits, found something else; restore the file from where it was kept"
        }
        _ => "restore the file from where it was kept, or name it in `state.key_file`",
    };
    KeyError::File {
        path: path.to_owned(),
        problem: format!("{error}; {remedy}"),
    }
}

fn write_private(path: &Path, text: &str) -> Result<(), KeyError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| file_error(path, &error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| file_error(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_again_and_only_as_its_kind() {
        let sealer = Sealer::new([7; 32]);
        let sealed = sealer.seal("api_key", "s3cret");
        assert!(!sealed.0.contains("s3cret"));
        assert_eq!(sealer.open("api_key", &sealed).unwrap().reveal(), "s3cret");
        assert!(
            sealer
                .open("bind_password", &sealed)
                .unwrap_err()
                .contains("api_key")
        );
        let renamed = Sealed(sealed.0.replace("api_key", "bind_password"));
        assert!(sealer.open("bind_password", &renamed).is_err());
    }

    #[test]
    fn another_key_and_damage_are_told_apart() {
        let sealed = Sealer::new([7; 32]).seal("api_key", "s3cret");
        let other = Sealer::new([8; 32]).open("api_key", &sealed).unwrap_err();
        assert!(other.contains("key file"), "{other}");
        let cut = Sealed(sealed.0.chars().take(40).collect());
        assert!(Sealer::new([7; 32]).open("api_key", &cut).is_err());
    }

    #[test]
    fn equal_masked_values_have_equal_digests_but_not_equal_tokens() {
        let sealer = Sealer::new([7; 32]);
        let (a, b) = (sealer.mask("title", "x"), sealer.mask("title", "x"));
        assert!(a.same(&b));
        assert_ne!(a, b);
        assert!(!a.same(&sealer.mask("displayName", "x")));
        let FieldValue::Sealed { token, .. } = a else {
            panic!("not sealed")
        };
        assert_eq!(Opener::open(&sealer, &token).unwrap().reveal(), "x");
    }

    #[test]
    fn a_missing_key_is_made_only_when_there_is_no_state_yet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(
            Sealer::open_or_create(&path, false),
            Err(KeyError::Missing { .. })
        ));
        let first = Sealer::open_or_create(&path, true).unwrap();
        let again = Sealer::open_or_create(&path, false).unwrap();
        assert_eq!(first.key_id(), again.key_id());
        std::fs::write(&path, "nonsense").unwrap();
        assert!(matches!(
            Sealer::open_or_create(&path, true),
            Err(KeyError::Content { .. })
        ));
    }

    #[test]
    fn what_is_wrong_with_a_key_file_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let told = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            match Sealer::open_or_create(&path, true) {
                Ok(_) => panic!("it opens"),
                Err(error) => error.to_string(),
            }
        };
        assert!(told(b"").contains("found an empty file; restore"));
        assert!(told(b"abc").contains("found 3 characters; restore"));
        assert!(told(&[b'x'; 64]).contains("not all such digits"));
        assert!(told(&[0xff; 64]).contains("found something else; restore"));
        let Err(error) = Sealer::open_or_create(folder.path(), true) else {
            panic!("a folder opens")
        };
        assert!(error.to_string().contains("found a folder"), "{error}");
    }
}
