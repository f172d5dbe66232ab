//! Subjects: written, read, found.

use std::collections::BTreeSet;

use usher_core::model::{
    ChannelId, Desired, FieldValue, Hash128, Kind, Resource, Shadow, ShadowField, SourceKey,
    StandingHold, Subject, SubjectId, SubjectState, TargetId, Verdict,
};

use super::Place;
use super::desk::{Desk, T0, unique, write};
use crate::{ReadMark, Remembered, SubjectWrite};

fn full(desk: &Desk) -> Subject {
    let mut subject = desk.subject(Kind::User, "ana");
    let field = ShadowField {
        sent: Some(FieldValue::List(vec!["a".to_owned(), "b\"c".to_owned()])),
        observed: None,
        refused: 2,
        refusal: None,
    };
    let mut shadow = Shadow {
        active: Some(false),
        replaced_external_id: Some("old".to_owned()),
        replaced_groups: vec![usher_core::model::ReplacedGroup {
            target_id: TargetId::new("T0"),
            name: "staff".to_owned(),
        }],
        ..Shadow::default()
    };
    shadow.fields.insert("title".to_owned(), field);
    subject.state = SubjectState::Disabled;
    subject.target_id = Some(TargetId::new("t-ana"));
    subject.desired_hash = Some(Hash128::of(b"desired"));
    subject.synced_hash = Some(Hash128::of(b"synced"));
    subject.desired = Some(Desired {
        resource: Resource::default().with("userName", "ana"),
        disabled: Some(usher_core::model::DisabledReason::Expired { at: T0 }),
        changes_at: Some(T0 + 1),
        notes: vec!["a note".to_owned()],
    });
    subject.shadow = shadow;
    subject.verdict = Verdict::Parked;
    subject.reason = "it's refused".to_owned();
    subject.attempts = 3;
    subject.next_at = Some(T0 + 5);
    subject.parked_hash = Some(Hash128::of(b"parked"));
    subject.dirty = false;
    subject.left_at = Some(T0 - 7);
    subject.standing_hold = Some(StandingHold::ConfigurationChange);
    subject.in_scope = false;
    subject
}

/// Every field, through a first write and through a second.
pub async fn a_subject_comes_back_as_it_was_written(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut first = full(&desk);
    let id = desk.plan(&[write(first.clone(), Vec::new())]).await[0];
    first.id = Some(id);
    assert_eq!(desk.get(id).await, first);
    let mut second = desk.linked_subject(Kind::User, "ana");
    second.id = Some(id);
    desk.plan(&[write(second.clone(), Vec::new())]).await;
    assert_eq!(desk.get(id).await, second);
}

/// Whether the caller knew the id or not; and a wrong id is an error.
pub async fn a_known_key_keeps_its_id(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let ids = desk.linked(Kind::User, &["ana", "ben"]).await;
    let again = desk.linked(Kind::User, &["ben", "ana"]).await;
    assert_eq!(again, [ids[1], ids[0]]);
    let mut wrong = desk.linked_subject(Kind::User, "ana");
    wrong.id = Some(ids[1]);
    let cycle = desk.begin().await;
    let result = desk
        .store
        .write(&desk.fence, cycle, &[write(wrong, Vec::new())])
        .await;
    assert!(result.is_err());
}

/// Nothing that makes a subject need another look is passed over, and no stale lease remembers anything.
pub async fn an_entry_that_reads_as_remembered_is_unchanged(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let (read, made) = (Hash128::of(b"read"), Hash128::of(b"made"));
    let names = ["same", "dirty", "due", "later", "gone", "made", "never"];
    let mut writes = Vec::new();
    for name in names {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.dirty = name == "dirty";
        subject.next_at = match name {
            "due" => Some(T0),
            "later" => Some(T0 + 1),
            _ => None,
        };
        if name == "gone" {
            subject.state = SubjectState::Removed;
        }
        let other = Hash128::of(b"something else");
        subject.desired_hash = Some(if name == "made" { other } else { made });
        writes.push(write(subject, Vec::new()));
    }
    let ids = desk.plan(&writes).await;
    let remembered = |id: &SubjectId| Remembered {
        subject: *id,
        content: read,
        desired_hash: made,
    };
    let all: Vec<Remembered> = ids.iter().take(6).map(remembered).collect();
    desk.store.remember_reads(&desk.fence, &all).await.unwrap();
    // A write of the whole subject keeps it.
    desk.plan(&writes).await;
    let mark = |name: &str, content| ReadMark {
        key: SourceKey::new(format!("k-{name}")),
        dn_hash: desk.subject(Kind::User, name).dn_hash,
        content,
    };
    let marks: Vec<ReadMark> = names.map(|name| mark(name, read)).to_vec();
    let mut same = desk
        .store
        .unchanged(&desk.channel, &marks, T0)
        .await
        .unwrap();
    same.sort_by_key(|one| one.mark);
    let found: Vec<(usize, SubjectId)> = same.iter().map(|one| (one.mark, one.subject)).collect();
    assert_eq!(found, [(0, ids[0]), (3, ids[3])]);
    assert_eq!(same[0].verdict, writes[0].subject.verdict);
    let renamed = ReadMark {
        dn_hash: Hash128::of(b"elsewhere"),
        ..mark("same", read)
    };
    for other in [
        mark("same", Hash128::of(b"changed")),
        renamed,
        mark("stranger", read),
    ] {
        assert_eq!(
            desk.store
                .unchanged(&desk.channel, &[other], T0)
                .await
                .unwrap(),
            []
        );
    }
    let stale = crate::Fence {
        epoch: desk.fence.epoch - 1,
        ..desk.fence.clone()
    };
    let refused = desk
        .store
        .remember_reads(&stale, &[remembered(&ids[6])])
        .await;
    assert!(refused.is_err());
    let heads = desk.store.heads_of(&[ids[1], ids[0]]).await.unwrap();
    assert_eq!(heads.len(), 2);
}

/// In scope, dirty or due; who is removed is no concern.
pub async fn a_complete_read_must_account_for_these(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut all = Vec::new();
    for name in ["in", "out", "dirty", "due", "later", "removed"] {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.in_scope = name == "in" || name == "removed";
        subject.dirty = name == "dirty" || name == "removed";
        subject.next_at = match name {
            "due" => Some(T0),
            "later" => Some(T0 + 1),
            _ => None,
        };
        if name == "removed" {
            subject.state = SubjectState::Removed;
        }
        all.push(write(subject, Vec::new()));
    }
    let ids = desk.plan(&all).await;
    let concerned = desk.store.concerned(&desk.channel, T0).await.unwrap();
    let concerned: BTreeSet<SubjectId> = concerned.into_iter().collect();
    assert_eq!(concerned, BTreeSet::from([ids[0], ids[2], ids[3]]));
}

/// Old and new ones mixed.
pub async fn ids_come_back_in_the_order_of_the_writes(place: &dyn Place) {
    let desk = Desk::at(place).await;
    desk.linked(Kind::User, &["b", "d"]).await;
    let names = ["e", "d", "c", "b", "a"];
    let ids = desk.linked(Kind::User, &names).await;
    for (name, id) in names.iter().zip(ids) {
        assert_eq!(desk.get(id).await.key, SourceKey::new(format!("k-{name}")));
    }
    let none = desk.plan(&[]).await;
    assert!(none.is_empty());
}

/// Keys never seen are left out; another channel may have the same key.
pub async fn heads_are_found_by_key_within_their_channel(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let id = desk.plan(&[write(full(&desk), Vec::new())]).await[0];
    let keys = [SourceKey::new("k-never"), SourceKey::new("k-ana")];
    let heads = desk.store.heads(&desk.channel, &keys).await.unwrap();
    assert_eq!(heads.len(), 1);
    let (head, subject) = (&heads[0], full(&desk));
    assert_eq!(head.id, id);
    assert_eq!(head.key, subject.key);
    assert_eq!(head.kind, subject.kind);
    assert_eq!(head.dn_hash, subject.dn_hash);
    assert_eq!(head.state, subject.state);
    assert_eq!(head.in_scope, subject.in_scope);
    assert_eq!(head.desired_hash, subject.desired_hash);
    assert_eq!(head.synced_hash, subject.synced_hash);
    assert_eq!(head.verdict, subject.verdict);
    assert_eq!(head.dirty, subject.dirty);
    assert_eq!(head.next_at, subject.next_at);

    let elsewhere = ChannelId::new("elsewhere");
    assert_eq!(desk.store.heads(&elsewhere, &keys).await.unwrap(), []);
    let other = Desk::of(place.open().await, "other", "elsewhere").await;
    let second = other.linked(Kind::User, &["ana"]).await[0];
    assert_ne!(second, id);
    let heads = desk.store.heads(&elsewhere, &keys).await.unwrap();
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].id, second);
}

/// Ownership is judged over all channels of one target.
pub async fn linked_subjects_are_found_by_target_id_in_all_channels_of_the_target(
    place: &dyn Place,
) {
    let desk = Desk::at(place).await;
    let mut tombstone = desk.linked_subject(Kind::User, "gone");
    tombstone.state = SubjectState::Removed;
    let mut disabled = desk.linked_subject(Kind::User, "dis");
    disabled.state = SubjectState::Disabled;
    let ids = desk
        .plan(&[
            write(desk.linked_subject(Kind::User, "ana"), Vec::new()),
            write(disabled, Vec::new()),
            write(tombstone, Vec::new()),
        ])
        .await;
    let sibling = Desk::of(place.open().await, "target", "second").await;
    let twin = sibling.linked(Kind::User, &["ana"]).await[0];
    let stranger = Desk::of(place.open().await, "other", "third").await;
    stranger.linked(Kind::User, &["ana"]).await;

    let asked: Vec<TargetId> = ["t-ana", "t-dis", "t-gone", "t-no"]
        .map(TargetId::new)
        .to_vec();
    let found = desk
        .store
        .by_target(&desk.connection, &asked)
        .await
        .unwrap();
    let found: BTreeSet<SubjectId> = found.iter().filter_map(|subject| subject.id).collect();
    assert_eq!(found, BTreeSet::from([ids[0], ids[1], twin]));
}

/// In id order, without those who are gone.
pub async fn a_scan_pages_through_those_who_are_there(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let names: Vec<String> = (0..25).map(|n| format!("u{n}")).collect();
    let writes: Vec<SubjectWrite> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let mut subject = desk.subject(Kind::User, name);
            if n % 5 == 0 {
                subject.state = SubjectState::Removed;
            }
            write(subject, Vec::new())
        })
        .collect();
    let ids = desk.plan(&writes).await;
    let mut seen = Vec::new();
    let mut after = SubjectId(0);
    loop {
        let page = desk.store.scan(&desk.channel, after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 7);
        after = last.id;
        seen.extend(page.iter().map(|head| head.id));
    }
    let expected: Vec<SubjectId> = ids
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 5 != 0)
        .map(|(_, id)| *id)
        .collect();
    assert_eq!(seen, expected);
}

/// `None` leaves them, a list replaces them.
pub async fn unique_values_are_replaced_with_their_subject(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut ana = write(desk.linked_subject(Kind::User, "ana"), Vec::new());
    ana.unique = Some(vec![unique("userName", "ana"), unique("mail", "ana@x")]);
    let id = desk.plan(&[ana.clone()]).await[0];
    ana.unique = None;
    desk.plan(&[ana.clone()]).await;
    let asked = [
        unique("userName", "ana"),
        unique("mail", "ana@x"),
        unique("mail", "ana"),
    ];
    let found = desk
        .store
        .unique_holders(&desk.channel, &asked)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|holder| holder.subject == id));
    assert!(found.iter().all(|h| h.state == SubjectState::Linked));
    assert!(found.iter().all(|h| h.dn == ana.subject.dn));
    ana.unique = Some(vec![unique("userName", "anna")]);
    desk.plan(&[ana]).await;
    let found = desk
        .store
        .unique_holders(&desk.channel, &asked)
        .await
        .unwrap();
    assert_eq!(found, []);
}

/// A person who left does not make a newcomer a duplicate.
pub async fn duplicates_count_only_those_in_scope(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut writes: Vec<SubjectWrite> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| write(desk.subject(Kind::User, name), Vec::new()))
        .collect();
    writes[0].unique = Some(vec![unique("mail", "same"), unique("userName", "a")]);
    writes[1].unique = Some(vec![unique("mail", "same"), unique("userName", "b")]);
    writes[2].unique = Some(vec![unique("mail", "left")]);
    writes[3].unique = Some(vec![unique("mail", "left"), unique("mail", "same")]);
    writes[3].subject.in_scope = false;
    let ids = desk.plan(&writes).await;
    let found = desk.store.unique_duplicates(&desk.channel).await.unwrap();
    assert_eq!(found, [ids[0], ids[1]]);
}

/// However many share one value, two of each sort are told; and no values, no holders.
pub async fn of_many_holders_of_one_value_the_first_two_are_told(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut writes: Vec<SubjectWrite> = Vec::new();
    for name in ["e", "d", "c", "b", "a"] {
        let mut linked = write(desk.linked_subject(Kind::User, name), Vec::new());
        linked.unique = Some(vec![unique("mail", "same"), unique("userName", name)]);
        let new = format!("new-{name}");
        let mut newcomer = write(desk.subject(Kind::User, &new), Vec::new());
        newcomer.unique = Some(vec![unique("mail", "same"), unique("userName", &new)]);
        writes.extend([linked, newcomer]);
    }
    // The first of the linked ones left.
    writes[8].subject.in_scope = false;
    let ids = desk.plan(&writes).await;
    let asked = [unique("mail", "same"), unique("userName", "new-e")];
    let found = desk.store.unique_holders(&desk.channel, &asked).await;
    let mut found: Vec<(String, SubjectId)> = found
        .unwrap()
        .into_iter()
        .map(|holder| (holder.value.folded, holder.subject))
        .collect();
    found.sort_unstable();
    let same = [4, 6, 7, 9].map(|n: usize| ("same".to_owned(), ids[n]));
    assert_eq!(
        found,
        [vec![("new-e".to_owned(), ids[1])], same.to_vec()].concat()
    );
    assert_eq!(
        desk.store.unique_holders(&desk.channel, &[]).await.unwrap(),
        []
    );
}

/// In batches as a read gives them, and all found again at once.
pub async fn ten_thousand_subjects_are_written_and_found(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let cycle = desk.begin().await;
    let names: Vec<String> = (0..10_000).map(|n| format!("u{n:05}")).collect();
    for batch in names.chunks(500) {
        let writes: Vec<SubjectWrite> = batch
            .iter()
            .map(|name| {
                let subject = desk.subject(Kind::User, name);
                write(subject, vec![super::desk::create(name)])
            })
            .collect();
        desk.write(cycle, &writes).await;
    }
    let settled = desk.settle(cycle).await;
    assert_eq!(settled.pending, 10_000);
    let keys: Vec<SourceKey> = names
        .iter()
        .map(|name| SourceKey::new(format!("k-{name}")))
        .collect();
    let heads = desk.store.heads(&desk.channel, &keys).await.unwrap();
    assert_eq!(heads.len(), 10_000);
    let ids: Vec<SubjectId> = heads.iter().map(|head| head.id).collect();
    assert_eq!(desk.store.subjects(&ids).await.unwrap().len(), 10_000);
}

/// Values are data, whatever signs they have.
pub async fn hostile_text_comes_back_as_it_was(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let hostile = "'; DROP TABLE subject; -- \" \\ % _ \u{1F600} \u{202E} \n\t[1,2] {\"a\":1} null";
    let mut subject = desk.subject(Kind::User, "ana");
    subject.key = SourceKey::new(hostile);
    subject.dn = hostile.to_owned();
    subject.display = hostile.to_owned();
    subject.reason = hostile.to_owned();
    subject.target_id = Some(TargetId::new(hostile));
    let mut ana = write(subject.clone(), vec![super::desk::create(hostile)]);
    ana.unique = Some(vec![unique("userName", hostile)]);
    ana.container = hostile.to_owned();
    let id = desk.plan(&[ana]).await[0];
    subject.id = Some(id);
    assert_eq!(desk.get(id).await, subject);
    let asked = [unique("userName", hostile)];
    let found = desk
        .store
        .unique_holders(&desk.channel, &asked)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    let keys = [SourceKey::new(hostile)];
    assert_eq!(
        desk.store.heads(&desk.channel, &keys).await.unwrap().len(),
        1
    );
    assert_eq!(desk.steps().await[0].planned, super::desk::create(hostile));
}
