//! Replies that do not arrive, arrive broken, or come from somebody else.

use usher_connector::{Failure, TargetError};
use usher_core::model::{Kind, Operation, TargetId};
use usher_sandbox::scim::{FaultKind, FaultRule, Knobs};

use crate::driver::apply;
use crate::rig::{Rig, change, create, person, update};

const RETRY: Failure = Failure::Retry { after_ms: None };

async fn with_fault(method: &str, kind: FaultKind) -> (Rig, TargetId) {
    let rig = Rig::start(Knobs::default()).await;
    let reply = apply(&*rig.target, Kind::User, &create(person("ana")))
        .await
        .reply();
    rig.sandbox.fault(FaultRule::once(method, kind));
    (rig, reply.target_id.unwrap())
}

fn faults() -> Vec<FaultKind> {
    vec![
        FaultKind::ResetAfterCommit,
        FaultKind::TruncatedBody,
        FaultKind::Error {
            status: 500,
            commit: true,
        },
        FaultKind::Error {
            status: 503,
            commit: false,
        },
        FaultKind::Html {
            status: 200,
            commit: true,
        },
        FaultKind::Html {
            status: 502,
            commit: false,
        },
    ]
}

#[tokio::test]
async fn a_create_without_a_good_reply_is_unknown_and_can_be_found_by_its_key() {
    for fault in faults() {
        let (rig, _) = with_fault("POST", fault.clone()).await;
        let operation = create(person("bob"));
        let error: TargetError = apply(&*rig.target, Kind::User, &operation).await.error();
        assert_eq!(error.failure, Failure::Unknown, "{fault:?}");
        let found = rig
            .target
            .find(Kind::User, "externalId", "key-bob")
            .await
            .unwrap();
        if found.is_empty() {
            apply(&*rig.target, Kind::User, &operation).await.reply();
        }
        let users = rig.sandbox.snapshot().users;
        let bobs = users
            .iter()
            .filter(|user| user["userName"] == "bob")
            .count();
        assert_eq!((users.len(), bobs), (2, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_change_without_a_good_reply_is_tried_again_to_the_same_end() {
    for fault in faults() {
        let (rig, id) = with_fault("PATCH", fault.clone()).await;
        let operation = update(&id, vec![change("homePhone", None, Some("+34 1"))]);
        let error = apply(&*rig.target, Kind::User, &operation).await.error();
        assert_eq!(error.failure, RETRY, "{fault:?}");
        apply(&*rig.target, Kind::User, &operation).await.reply();
        let phones = rig.user(&id).unwrap()["phoneNumbers"].clone();
        assert_eq!(phones.as_array().map(Vec::len), Some(1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_delete_is_done_only_when_the_service_itself_says_so() {
    for fault in faults() {
        let body = !matches!(fault, FaultKind::TruncatedBody);
        let (rig, id) = with_fault("DELETE", fault.clone()).await;
        let operation = Operation::Delete {
            target_id: id.clone(),
        };
        let first = apply(&*rig.target, Kind::User, &operation).await;
        if body {
            assert_eq!(first.error().failure, RETRY, "{fault:?}");
        }
        apply(&*rig.target, Kind::User, &operation).await;
        assert_eq!(rig.user(&id), None, "{fault:?}");
    }
    let (rig, id) = with_fault(
        "DELETE",
        FaultKind::Html {
            status: 404,
            commit: false,
        },
    )
    .await;
    let operation = Operation::Delete {
        target_id: id.clone(),
    };
    assert_eq!(
        apply(&*rig.target, Kind::User, &operation)
            .await
            .error()
            .failure,
        RETRY
    );
    assert!(rig.user(&id).is_some());
}

#[tokio::test]
async fn a_broken_listing_is_never_an_empty_one() {
    for fault in faults() {
        let (rig, id) = with_fault("GET", fault.clone()).await;
        let listed = rig.target.list(Kind::User, None, false).await;
        assert_eq!(listed.unwrap_err().failure, RETRY, "{fault:?}");
        rig.sandbox.fault(FaultRule::once("GET", fault.clone()));
        let read = rig.target.read(Kind::User, &id).await;
        assert_eq!(read.unwrap_err().failure, RETRY, "{fault:?}");
        rig.sandbox.fault(FaultRule::once("GET", fault.clone()));
        let found = rig.target.find(Kind::User, "userName", "ana").await;
        assert_eq!(found.unwrap_err().failure, RETRY, "{fault:?}");
    }
}
