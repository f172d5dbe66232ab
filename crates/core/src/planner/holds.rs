//! Why a value waits for a person.

use usher_directory::compare::fold;

use crate::model::{DirectoryKind, FieldValue, GroupNameSource, Hold, Resource};

use super::{ChannelRules, Conflict};

/// The hold of a unique value that somebody else has or wants.
pub(super) fn conflict_hold(rules: &ChannelRules, conflict: &Conflict) -> Hold {
    if conflict.is_swap {
        return Hold::Swap {
            field: conflict.field.clone(),
            other: conflict.other_dn.clone(),
        };
    }
    Hold::Conflict {
        field: conflict.field.clone(),
        value: conflict.value.clone(),
        other: conflict.other_dn.clone(),
        instead: (conflict.field == rules.group_name_field)
            .then(|| another_name(rules))
            .flatten(),
    }
}

/// Another source of group names, whose values are distinct where those of this one are not.
fn another_name(rules: &ChannelRules) -> Option<String> {
    let is_ad = rules.directory == DirectoryKind::ActiveDirectory;
    let (name, where_unique) = match rules.options.group_name_source {
        GroupNameSource::CommonName if is_ad => ("sAMAccountName", "in a domain"),
        GroupNameSource::CommonName | GroupNameSource::SamAccountName => ("DN", "in a directory"),
        GroupNameSource::Dn => return None,
    };
    Some(format!(
        "choose `{name}`, which occurs once {where_unique}, as the Group Name Source of the SP connection: every group is named by it then"
    ))
}

/// The hold of an e-mail address whose domain may not be sent (behaviour §13).
pub(super) fn domain_hold(
    rules: &ChannelRules,
    field: &str,
    from: Option<&FieldValue>,
    to: Option<&FieldValue>,
) -> Option<Hold> {
    if rules.policy.email_domains.is_empty()
        || (field != rules.email_field && field != rules.username_field)
    {
        return None;
    }
    // A user name that is no address has no domain; an address without one is mapping's concern.
    let (_, domain) = to?.as_text()?.rsplit_once('@')?;
    let allowed = rules
        .policy
        .email_domains
        .iter()
        .any(|allowed| fold(allowed.trim_start_matches('@')) == fold(domain));
    if allowed {
        return None;
    }
    let loss = match from.and_then(FieldValue::as_text) {
        Some(from) => format!(
            "{field} would change from {from} to an address outside the domains that may be sent; the account may fall out of the organisation's control"
        ),
        None => format!(
            "{field} would be an address outside the domains that may be sent; the account would not be under the organisation's control"
        ),
    };
    Some(Hold::Domain {
        domain: domain.to_owned(),
        loss,
    })
}

/// The domain hold of a whole resource that is to be created.
pub(super) fn domain_hold_of(rules: &ChannelRules, resource: &Resource) -> Option<Hold> {
    [&rules.email_field, &rules.username_field]
        .into_iter()
        .find_map(|field| domain_hold(rules, field, None, resource.fields.get(field)))
}
