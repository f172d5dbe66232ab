//! Add, modify and delete over LDAP, for those who want to play with the sample.

use ldap3_proto::proto::{
    LdapAddRequest, LdapModify, LdapModifyRequest, LdapModifyType, LdapOp, LdapResult,
    LdapResultCode,
};

use super::connection::result;
use super::{DemoEntry, DirectoryError, Shared};

/// Carries out a change if it is `allowed`; `None` for an operation that no client may send.
pub(crate) fn answer(
    shared: &Shared,
    op: LdapOp,
    allowed: Result<(), LdapResult>,
) -> Option<LdapOp> {
    let outcome =
        |change: &dyn Fn() -> Result<(), LdapResult>| match allowed.clone().and_then(|()| change())
        {
            Ok(()) => result(LdapResultCode::Success, ""),
            Err(refusal) => refusal,
        };
    Some(match op {
        LdapOp::AddRequest(request) => LdapOp::AddResponse(outcome(&|| add(shared, &request))),
        LdapOp::ModifyRequest(request) => {
            LdapOp::ModifyResponse(outcome(&|| modify(shared, &request)))
        }
        LdapOp::DelRequest(dn) => LdapOp::DelResponse(outcome(&|| {
            shared.write(|tree, _| tree.delete(&dn)).map_err(refusal)
        })),
        LdapOp::ModifyDNRequest(_) => LdapOp::ModifyDNResponse(result(
            LdapResultCode::UnwillingToPerform,
            "renaming over LDAP is not supported here",
        )),
        LdapOp::CompareRequest(_) => LdapOp::CompareResult(result(
            LdapResultCode::UnwillingToPerform,
            "compare is not supported here",
        )),
        _ => return None,
    })
}

fn refusal(error: DirectoryError) -> LdapResult {
    let code = match error {
        DirectoryError::BadDn { .. } => LdapResultCode::InvalidDNSyntax,
        DirectoryError::NoSuchEntry(_) => LdapResultCode::NoSuchObject,
        DirectoryError::AlreadyThere(_) => LdapResultCode::EntryAlreadyExists,
        DirectoryError::NotALeaf(_) => LdapResultCode::NotAllowedOnNonLeaf,
    };
    result(code, error.to_string())
}

fn add(shared: &Shared, request: &LdapAddRequest) -> Result<(), LdapResult> {
    let mut entry = DemoEntry::new(request.dn.clone());
    for attribute in &request.attributes {
        for value in &attribute.vals {
            entry.add_value(&attribute.atype, value.clone());
        }
    }
    shared
        .write(|tree, now| tree.add(entry, now))
        .map_err(refusal)
}

/// All changes or none.
fn modify(shared: &Shared, request: &LdapModifyRequest) -> Result<(), LdapResult> {
    shared.write(|tree, now| {
        let mut entry = tree.get(&request.dn).map_err(refusal)?.entry.clone();
        for change in &request.changes {
            apply(&mut entry, change)?;
        }
        tree.modify(&request.dn, now, |old| *old = entry)
            .map_err(refusal)
    })
}

fn apply(entry: &mut DemoEntry, change: &LdapModify) -> Result<(), LdapResult> {
    let name = &change.modification.atype;
    let values = &change.modification.vals;
    match change.operation {
        LdapModifyType::Add => {
            for value in values {
                if entry.values(name).contains(value) {
                    let text = format!("{name} has this value already");
                    return Err(result(LdapResultCode::AttributeOrValueExists, text));
                }
                entry.add_value(name, value.clone());
            }
        }
        LdapModifyType::Replace => entry.set_values(name, values.clone()),
        LdapModifyType::Delete => {
            let all_there = if values.is_empty() {
                entry.remove(name)
            } else {
                values.iter().all(|value| entry.remove_value(name, value))
            };
            if !all_there {
                let text = format!("{name} has no such value");
                return Err(result(LdapResultCode::NoSuchAttribute, text));
            }
        }
        LdapModifyType::Increment => {
            return Err(result(
                LdapResultCode::UnwillingToPerform,
                "increment is not supported here",
            ));
        }
    }
    Ok(())
}
