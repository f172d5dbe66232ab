//! What operators have begun and not saved.

use usher_core::model::Sealed;

use super::Place;
use super::desk::T0;
use crate::{Draft, DraftHead, DraftId, Store};

fn draft(id: &str, version: u64) -> Draft {
    Draft {
        head: DraftHead {
            id: DraftId(id.to_owned()),
            kind: "sp_connection".to_owned(),
            of: Some("cloud".to_owned()),
            name: "Ümläut \"Cloud\"".to_owned(),
            by: "ana".to_owned(),
            at: T0 + version as i64,
            version,
        },
        body: Sealed(format!("sealed {id} {version}")),
    }
}

async fn heads(store: &dyn Store) -> Vec<String> {
    let heads = store.drafts().await.unwrap();
    heads.into_iter().map(|head| head.id.0).collect()
}

/// It comes back as it was written, also after the state was opened anew.
pub async fn a_draft_comes_back_as_it_was_written(place: &dyn Place) {
    let store = place.open().await;
    let written = draft("one", 1);
    assert!(store.save_draft(&written).await.unwrap());
    drop(store);
    let store = place.open().await;
    let id = &written.head.id;
    assert_eq!(store.draft(id).await.unwrap().as_ref(), Some(&written));
    let new = Draft {
        head: DraftHead {
            of: None,
            ..draft("new", 1).head
        },
        ..draft("new", 1)
    };
    assert!(store.save_draft(&new).await.unwrap());
    assert_eq!(store.draft(&new.head.id).await.unwrap(), Some(new));
}

/// Two who change one draft do not overwrite each other.
pub async fn a_draft_is_written_over_the_version_before_it(place: &dyn Place) {
    let store = place.open().await;
    let id = DraftId("one".to_owned());
    assert!(!store.save_draft(&draft("one", 2)).await.unwrap());
    assert_eq!(store.draft(&id).await.unwrap(), None);
    assert!(store.save_draft(&draft("one", 1)).await.unwrap());
    assert!(!store.save_draft(&draft("one", 1)).await.unwrap());
    assert!(!store.save_draft(&draft("one", 3)).await.unwrap());
    assert!(store.save_draft(&draft("one", 2)).await.unwrap());
    assert_eq!(store.draft(&id).await.unwrap(), Some(draft("one", 2)));
}

/// The latest first; a removed one is gone, and can be begun again.
pub async fn drafts_are_listed_and_removed(place: &dyn Place) {
    let store = place.open().await;
    store.save_draft(&draft("one", 1)).await.unwrap();
    store.save_draft(&draft("two", 1)).await.unwrap();
    store.save_draft(&draft("one", 2)).await.unwrap();
    assert_eq!(heads(&*store).await, ["one", "two"]);
    let one = DraftId("one".to_owned());
    store.remove_draft(&one).await.unwrap();
    store.remove_draft(&one).await.unwrap();
    assert_eq!(heads(&*store).await, ["two"]);
    assert_eq!(store.draft(&one).await.unwrap(), None);
    assert!(!store.save_draft(&draft("one", 3)).await.unwrap());
    assert!(store.save_draft(&draft("one", 1)).await.unwrap());
}
