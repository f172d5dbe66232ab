//! Reasons and holds in words, for people.

use std::fmt;

use super::{Hold, Reason};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("in scope, and nothing at the target corresponds to it"),
            Self::Found { by } => {
                write!(f, "an existing resource corresponds to it, found by {by}")
            }
            Self::Changed => f.write_str("mapped values differ from what the target holds"),
            Self::SourceDisabled => f.write_str("disabled in the source"),
            Self::SourceExpired => f.write_str("expired in the source"),
            Self::FoundDisabledInSource => {
                f.write_str("found active at the target, but disabled in the source")
            }
            Self::SourceEnabled => f.write_str("enabled again in the source"),
            Self::LeftScope { clause } => write!(f, "left the scope: {clause}"),
            Self::Gone { proof } => write!(f, "gone from the source ({proof})"),
            Self::KeyChanged => f.write_str("the same person under a new source key"),
            Self::GraceOver => f.write_str("the grace after disabling is over"),
            Self::MissingAtTarget => {
                f.write_str("linked, but the target no longer has it (confirmed by a read by id)")
            }
            Self::MembersMissing => f.write_str("members that the source has and the group lacks"),
            Self::MembersExtra => {
                f.write_str("members that Usher added and the source no longer has")
            }
            Self::Renamed => f.write_str("the group was renamed in the source"),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guard { reason } => f.write_str(reason),
            Self::Adoption => f.write_str(
                "linking to a resource that was there before Usher needs approval: look at it, then approve",
            ),
            Self::ForeignExternalId { value } => write!(
                f,
                "the resource carries the externalId `{value}`, which is not ours: another provisioner may own it; approving takes it over and records the old value"
            ),
            Self::Ambiguous { candidates } => {
                write!(f, "several resources correspond: {}", candidates.join("; "))
            }
            Self::InactiveAtTarget => f.write_str(
                "enabled in the source, but inactive at the target: somebody may have suspended it; approve to enable it",
            ),
            Self::Conflict { field, value, other, instead } => {
                write!(
                    f,
                    "{field} `{value}` is also that of {other}; give one of them another value in the source"
                )?;
                instead.iter().try_for_each(|instead| write!(f, ", or {instead}"))
            }
            Self::Rekey { old_key } => write!(
                f,
                "looks like the person whose source key was {old_key}; approve to keep the account under the new key"
            ),
            Self::Domain { domain, loss } => {
                write!(f, "the e-mail domain `{domain}` is not among those that may be sent: {loss}")
            }
            Self::OwnedElsewhere { channel } => {
                write!(f, "channel `{channel}` owns the resource, or may have it in scope")
            }
            Self::ProtectedName { pattern } => {
                write!(f, "the group name matches the protected pattern `{pattern}`")
            }
            Self::ConfigurationChange => {
                f.write_str("removals that a change of configuration causes always need approval")
            }
            Self::GroupRemoval => {
                f.write_str("deleting or emptying a group always needs approval")
            }
            Self::Missing => f.write_str(
                "the target no longer has the linked resource; approve to create it anew under a new id",
            ),
            Self::ContainerMissing { container } => write!(
                f,
                "it is missing together with its container {container}: that was deleted with everybody in it, or the bind account lost the right to read it, and nothing tells which; look in the directory, then approve, or give the right back"
            ),
            Self::KeyUnreadable { entry } => write!(
                f,
                "it is missing, and {entry}, which was not known before, has no key that can be read: it may be the same person under another name; give the bind account the right to read the key, or look in the directory who that is, then approve"
            ),
            Self::Swap { field, other } => write!(
                f,
                "its {field} is to be the one that {other} gives up in exchange, and the target lets nobody have it twice: give one of them a value of its own in the directory first, then both go on by themselves",
            ),
            Self::MembersNotCopied { reason } => write!(
                f,
                "the group has another name now and was created anew, but not all members could be copied: {reason}; whoever approves this deletes the old group although they lose it"
            ),
        }
    }
}
