//! Reading a reply with a limit on what comes in and on what is kept.

use std::collections::BTreeSet;

use usher_scim::MemberSkipper;

use super::transport::Transport;

/// Limits of one reply, in bytes after decompression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes that may come in.
    pub received: u64,
    /// Most bytes that are kept; fewer than come in only when members are dropped on the way.
    pub kept: usize,
    /// Drop the members of groups while they stream in.
    pub skip_members: bool,
}

impl Limits {
    /// Replies about people, and everything else that is small: 4 MB.
    pub const SMALL: Self = Self {
        received: 4 << 20,
        kept: 4 << 20,
        skip_members: false,
    };
    /// Replies about groups, whose members are not wanted: 64 MB may pass, 4 MB are kept.
    pub const GROUPS: Self = Self {
        received: 64 << 20,
        kept: 4 << 20,
        skip_members: true,
    };
    /// Replies about a group whose members are wanted: 64 MB.
    pub const MEMBERS: Self = Self {
        received: 64 << 20,
        kept: 64 << 20,
        skip_members: false,
    };
}

/// A reply's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// What was kept.
    pub bytes: Vec<u8>,
    /// How many bytes came in.
    pub received: u64,
    /// How many members were dropped on the way.
    pub members_skipped: u64,
    /// Of the members watched for, those that were there; `None` when the reply held no list of members.
    pub members_seen: Option<BTreeSet<String>>,
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than allowed.
    #[error("the reply is larger than {limit} bytes; reading stopped there")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// It ended early, or took too long.
    #[error("the reply could not be read to its end: {0}")]
    Broken(Transport),
}

impl Body {
    /// Reads a reply to its end, looking for the members in `watch` when members are dropped. A reply that is too large is dropped, and its network connection with it.
    ///
    /// # Errors
    /// [`BodyError`].
    pub async fn read(
        mut response: reqwest::Response,
        limits: Limits,
        watch: &[String],
    ) -> Result<Self, BodyError> {
        let too_large = |limit| BodyError::TooLarge { limit };
        if response
            .content_length()
            .is_some_and(|length| length > limits.received)
        {
            return Err(too_large(limits.received));
        }
        let mut body = Self::default();
        let mut skipper = limits
            .skip_members
            .then(|| MemberSkipper::watching(watch.to_vec()));
        loop {
            let chunk = response.chunk().await;
            let chunk = chunk.map_err(|e| BodyError::Broken(Transport::from_reqwest(&e)))?;
            let Some(chunk) = chunk else { break };
            body.received += chunk.len() as u64;
            if body.received > limits.received {
                return Err(too_large(limits.received));
            }
            match &mut skipper {
                Some(skipper) => skipper.push(&chunk, &mut body.bytes),
                None => body.bytes.extend_from_slice(&chunk),
            }
            if body.bytes.len() > limits.kept {
                return Err(too_large(limits.kept as u64));
            }
        }
        if let Some(skipper) = skipper {
            body.members_skipped = skipper.dropped();
            body.members_seen = (skipper.lists() > 0).then(|| skipper.seen().clone());
        }
        Ok(body)
    }
}
