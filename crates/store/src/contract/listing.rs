//! What is due, searched, listed, counted, sampled.

use std::collections::BTreeSet;

use usher_core::model::{
    ChannelId, Desired, DisabledReason, Kind, Resource, SourceKey, Subject, SubjectId,
    SubjectState, TargetId, Verdict,
};

use super::Place;
use super::desk::{Desk, T0, create, unique, write};
use crate::{SubjectFilter, SubjectWrite, UniqueValue};

fn ids(subjects: &[Subject]) -> Vec<SubjectId> {
    subjects.iter().filter_map(|subject| subject.id).collect()
}

/// In id order, in pages; not those of an archived channel's rest.
pub async fn dirty_and_due_subjects_are_to_be_planned(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |name: &str, dirty: bool, next_at: Option<i64>| {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.dirty = dirty;
        subject.next_at = next_at;
        write(subject, Vec::new())
    };
    let all = desk
        .plan(&[
            subject("clean", false, None),
            subject("due", false, Some(T0)),
            subject("dirty", true, None),
            subject("later", false, Some(T0 + 1)),
            subject("both", true, Some(T0 - 1)),
        ])
        .await;
    let due = |now, after, limit| desk.store.due(&desk.channel, now, after, limit);
    let found = due(T0, SubjectId(0), 10).await.unwrap();
    assert_eq!(ids(&found), [all[1], all[2], all[4]]);
    let page = due(T0, SubjectId(0), 2).await.unwrap();
    assert_eq!(ids(&page), [all[1], all[2]]);
    let page = due(T0, all[2], 2).await.unwrap();
    assert_eq!(ids(&page), [all[4]]);
    let found = due(T0 + 1, SubjectId(0), 10).await.unwrap();
    assert_eq!(found.len(), 4);
}

/// Its outcome decides first.
pub async fn a_subject_with_a_step_in_flight_is_not_due(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let names = [("ana", vec![create("ana")]), ("ben", Vec::new())];
    let writes = names.map(|(name, steps)| write(desk.subject(Kind::User, name), steps));
    let all = desk.plan(&writes).await;
    let claimed = desk.claim(1).await;
    let due = desk
        .store
        .due(&desk.channel, T0, SubjectId(0), 10)
        .await
        .unwrap();
    assert_eq!(claimed[0].subject, all[0]);
    assert_eq!(ids(&due), [all[1]]);
    desk.store.recover(&desk.fence, T0).await.unwrap();
    let due = desk
        .store
        .due(&desk.channel, T0, SubjectId(0), 10)
        .await
        .unwrap();
    assert_eq!(ids(&due), [all[1]]);
}

/// Of this channel.
pub async fn the_next_look_is_the_earliest(place: &dyn Place) {
    let desk = Desk::at(place).await;
    assert_eq!(desk.store.next_due(&desk.channel).await.unwrap(), None);
    let writes = [("a", Some(T0 + 9)), ("b", Some(T0 + 3)), ("c", None)].map(|(name, at)| {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.next_at = at;
        write(subject, Vec::new())
    });
    desk.plan(&writes).await;
    let next = desk.store.next_due(&desk.channel).await.unwrap();
    assert_eq!(next, Some(T0 + 3));
    let elsewhere = ChannelId::new("elsewhere");
    assert_eq!(desk.store.next_due(&elsewhere).await.unwrap(), None);
}

/// Key, target id, display, DN, e-mail; whatever case.
pub async fn search_finds_exact_matches_first(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut longer = write(desk.linked_subject(Kind::User, "ana.maria"), Vec::new());
    longer.unique = Some(vec![unique("workEmail", "anamaria@mail.example")]);
    let mut exact = write(desk.linked_subject(Kind::User, "ana"), Vec::new());
    exact.subject.display = "ANA".to_owned();
    exact.subject.dn = "cn=Ünal,dc=example".to_owned();
    let all = desk.plan(&[longer, exact]).await;
    let other = Desk::of(place.open().await, "target", "second").await;
    let twin = other.linked(Kind::User, &["ana"]).await[0];

    let search = |text: &'static str| desk.store.search(Some(&desk.channel), text, 10);
    assert_eq!(ids(&search("ANA").await.unwrap()), [all[1], all[0]]);
    assert_eq!(ids(&search("k-ana").await.unwrap())[0], all[1]);
    assert_eq!(ids(&search("t-ana.maria").await.unwrap()), [all[0]]);
    assert_eq!(ids(&search("ANAMARIA@mail").await.unwrap()), [all[0]]);
    assert_eq!(ids(&search("ÜNAL").await.unwrap()), [all[1]]);
    assert_eq!(ids(&search("ünal").await.unwrap()), [all[1]]);
    assert_eq!(ids(&search("nobody").await.unwrap()), []);
    let limited = desk.store.search(None, "ana", 1).await.unwrap();
    assert_eq!(limited.len(), 1);
    let everywhere = desk.store.search(None, "k-ana", 10).await.unwrap();
    assert!(ids(&everywhere).contains(&twin));
    assert!(!ids(&search("k-ana").await.unwrap()).contains(&twin));
}

/// A percent sign finds a percent sign.
pub async fn search_takes_wildcards_literally(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let writes = ["100%", "1000", "a_b", "axb"].map(|name| {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.dn = String::new();
        subject.display = format!("({name})");
        write(subject, Vec::new())
    });
    let all = desk.plan(&writes).await;
    let percent = desk.store.search(None, "0%", 10).await.unwrap();
    assert_eq!(ids(&percent), [all[0]]);
    let line = desk.store.search(None, "a_", 10).await.unwrap();
    assert_eq!(ids(&line), [all[2]]);
}

/// Each condition alone and together, in pages.
pub async fn subjects_are_listed_by_filter(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |kind, name: &str, state, verdict| {
        let mut subject = desk.linked_subject(kind, name);
        subject.state = state;
        subject.verdict = verdict;
        write(subject, Vec::new())
    };
    let linked = SubjectState::Linked;
    let all = desk
        .plan(&[
            subject(Kind::User, "a", linked, Verdict::Unchanged),
            subject(Kind::User, "b", linked, Verdict::Held),
            subject(Kind::User, "c", SubjectState::Removed, Verdict::Held),
            subject(Kind::Group, "d", linked, Verdict::Held),
        ])
        .await;
    let other = Desk::of(place.open().await, "target", "second").await;
    let fifth = other.linked(Kind::User, &["e"]).await[0];
    let list = async |filter: SubjectFilter| {
        let found = desk.store.list(&filter, SubjectId(0), 10).await.unwrap();
        ids(&found)
    };
    let any = SubjectFilter::default;
    let here = || SubjectFilter {
        channel: Some(desk.channel.clone()),
        ..any()
    };
    assert_eq!(list(any()).await, [all[0], all[1], all[2], all[3], fifth]);
    assert_eq!(list(here()).await, all);
    let mut filter = here();
    filter.states = vec![linked];
    assert_eq!(list(filter.clone()).await, [all[0], all[1], all[3]]);
    filter.verdicts = vec![Verdict::Held, Verdict::Invalid];
    assert_eq!(list(filter.clone()).await, [all[1], all[3]]);
    filter.kind = Some(Kind::User);
    assert_eq!(list(filter).await, [all[1]]);
    let mut filter = any();
    filter.verdicts = vec![Verdict::Unchanged];
    assert_eq!(list(filter).await, [all[0], fifth]);
    let page = desk.store.list(&here(), all[0], 2).await.unwrap();
    assert_eq!(ids(&page), [all[1], all[2]]);
}

/// By kind and state; verdicts of those in scope; active links; dirt.
pub async fn counts_add_up(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let empty = desk.store.counts(&desk.channel).await.unwrap();
    assert_eq!(empty, crate::ChannelCounts::default());
    let subject = |kind, name: &str, state, in_scope| {
        let mut subject = desk.linked_subject(kind, name);
        subject.state = state;
        subject.in_scope = in_scope;
        subject.dirty = !in_scope;
        write(subject, Vec::new())
    };
    desk.plan(&[
        subject(Kind::User, "a", SubjectState::Linked, true),
        subject(Kind::User, "b", SubjectState::Linked, false),
        subject(Kind::User, "c", SubjectState::Disabled, true),
        subject(Kind::User, "d", SubjectState::Removed, false),
        subject(Kind::Group, "e", SubjectState::Linked, true),
    ])
    .await;
    let counts = desk.store.counts(&desk.channel).await.unwrap();
    let states = [
        ("group.linked", 1),
        ("user.disabled", 1),
        ("user.linked", 2),
        ("user.removed", 1),
    ];
    let found: Vec<(&str, u64)> = counts
        .states
        .iter()
        .map(|(k, n)| (k.as_str(), *n))
        .collect();
    assert_eq!(found, states);
    let found: Vec<(&str, u64)> = counts
        .verdicts
        .iter()
        .map(|(k, n)| (k.as_str(), *n))
        .collect();
    assert_eq!(found, [("group.unchanged", 1), ("user.unchanged", 2)]);
    assert_eq!(counts.active_links, 2);
    assert_eq!(counts.dirty, 2);
    assert_eq!(counts.leaving, 0, "what became of it is decided");
}

/// People out of scope with an active account count as leaving while a step for them waits.
pub async fn who_leaves_is_counted_until_it_is_decided(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |kind, name: &str, state, verdict, in_scope| {
        let mut subject = desk.linked_subject(kind, name);
        subject.state = state;
        subject.in_scope = in_scope;
        subject.verdict = verdict;
        write(subject, Vec::new())
    };
    let (user, linked) = (Kind::User, SubjectState::Linked);
    desk.plan(&[
        subject(user, "held", linked, Verdict::Held, false),
        subject(user, "on its way", linked, Verdict::Stepped, false),
        subject(user, "rejected", linked, Verdict::Parked, false),
        subject(user, "option", linked, Verdict::SkippedByOption, false),
        subject(user, "here", linked, Verdict::Held, true),
        subject(user, "off", SubjectState::Disabled, Verdict::Held, false),
        subject(Kind::Group, "group", linked, Verdict::Held, false),
    ])
    .await;
    let counts = desk.store.counts(&desk.channel).await.unwrap();
    assert_eq!(counts.leaving, 2);
}

/// Of one field of one channel; what is no address has no domain.
pub async fn domains_are_counted_most_first(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |name: &str, field: &str, value: &str| {
        let mut write = write(desk.linked_subject(Kind::User, name), Vec::new());
        write.unique = Some(vec![UniqueValue {
            field: field.to_owned(),
            folded: value.to_owned(),
        }]);
        write
    };
    desk.plan(&[
        subject("a", "user.mail", "a@one.example"),
        subject("b", "user.mail", "b@two.example"),
        subject("c", "user.mail", "c@two.example"),
        subject("d", "user.mail", "nobody"),
        subject("e", "user.name", "e@three.example"),
    ])
    .await;
    let found = desk.store.domains(&desk.channel, "user.mail").await;
    let expected = [("two.example".to_owned(), 2), ("one.example".to_owned(), 1)];
    assert_eq!(found.unwrap(), expected);
}

/// The last one that somebody was seen in; writing the subject leaves it as it is.
pub async fn scope_groups_are_remembered_and_counted(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |name: &str, state| {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.state = state;
        write(subject, Vec::new())
    };
    let writes = [
        subject("a", SubjectState::Linked),
        subject("b", SubjectState::Linked),
        subject("c", SubjectState::Disabled),
        subject("d", SubjectState::Linked),
    ];
    let ids = desk.plan(&writes).await;
    let staff = "cn=staff".to_owned();
    let seen: Vec<_> = ids.iter().take(3).map(|id| (*id, staff.clone())).collect();
    let store = &desk.store;
    store
        .remember_scope_groups(&desk.fence, &seen)
        .await
        .unwrap();
    desk.plan(&writes).await;
    let mut found = store.scope_groups(&ids).await.unwrap();
    found.sort();
    assert_eq!(found, seen);
    let asked = [staff.clone(), "cn=no".to_owned()];
    let sizes = store.scope_group_sizes(&desk.channel, &asked);
    assert_eq!(sizes.await.unwrap(), [(staff.clone(), 2)]);
    let moved = [(ids[0], "cn=other".to_owned())];
    store
        .remember_scope_groups(&desk.fence, &moved)
        .await
        .unwrap();
    let sizes = store.scope_group_sizes(&desk.channel, std::slice::from_ref(&staff));
    assert_eq!(sizes.await.unwrap(), [(staff, 1)]);
}

/// Of the containers asked for; an outcome leaves the container as it is.
pub async fn container_sizes_count_active_links(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let subject = |name: &str, state, container: &str| {
        let mut subject = desk.linked_subject(Kind::User, name);
        subject.state = state;
        let mut write = write(subject, Vec::new());
        write.container = container.to_owned();
        write
    };
    let mut group = write(desk.linked_subject(Kind::Group, "g"), Vec::new());
    group.container = "ou=a".to_owned();
    desk.plan(&[
        subject("a", SubjectState::Linked, "ou=a"),
        subject("b", SubjectState::Linked, "ou=a"),
        subject("c", SubjectState::Disabled, "ou=a"),
        subject("d", SubjectState::Linked, "ou=b"),
        group,
    ])
    .await;
    let asked = ["ou=a", "ou=b", "ou=none"].map(str::to_owned);
    let sizes = async || {
        let mut sizes = desk
            .store
            .container_sizes(&desk.channel, &asked)
            .await
            .unwrap();
        sizes.retain(|(_, size)| *size > 0);
        sizes.sort();
        sizes
    };
    let expected = [("ou=a".to_owned(), 2), ("ou=b".to_owned(), 1)];
    assert_eq!(sizes().await, expected);
    desk.plan(&[subject("d", SubjectState::Linked, "ou=a")])
        .await;
    assert_eq!(sizes().await, [("ou=a".to_owned(), 3)]);
}

/// Whoever is in line has no wish stored any more, and whoever is skipped never had one.
pub async fn somebody_disabled_is_found_however_it_is_stored(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let may = || desk.store.may_have_disabled(&desk.channel);
    let at_work = Desired {
        resource: Resource::default().with("userName", "a"),
        disabled: None,
        changes_at: None,
        notes: Vec::new(),
    };
    let left = Desired {
        disabled: Some(DisabledReason::Expired { at: T0 }),
        ..at_work.clone()
    };
    let mut wanted = desk.linked_subject(Kind::User, "wanted");
    wanted.desired = Some(at_work);
    let mut gone = desk.linked_subject(Kind::User, "gone");
    (gone.in_scope, gone.state) = (false, SubjectState::Disabled);
    let group = desk.linked_subject(Kind::Group, "group");
    let others = [wanted, gone, group].map(|subject| write(subject, Vec::new()));
    desk.plan(&others).await;
    assert!(!may().await.unwrap());
    let plain = desk.linked_subject(Kind::User, "x");
    let mut inactive = plain.clone();
    inactive.desired = Some(left);
    let mut in_line = plain.clone();
    in_line.state = SubjectState::Disabled;
    let mut skipped = plain.clone();
    skipped.verdict = Verdict::SkippedByOption;
    let mut invalid = plain.clone();
    invalid.verdict = Verdict::Invalid;
    for odd in [inactive, in_line, skipped, invalid] {
        let words = format!("{odd:?}");
        desk.plan(&[write(odd, Vec::new())]).await;
        assert!(may().await.unwrap(), "{words}");
        desk.plan(&[write(plain.clone(), Vec::new())]).await;
        assert!(!may().await.unwrap());
    }
}

/// The same seed draws the same; only people who are expected to be there.
pub async fn a_sample_is_drawn_by_its_seed_from_linked_people(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let mut writes: Vec<SubjectWrite> = (0..200)
        .map(|n| {
            let subject = desk.linked_subject(Kind::User, &format!("u{n}"));
            write(subject, Vec::new())
        })
        .collect();
    writes.push(write(desk.subject(Kind::User, "pending"), Vec::new()));
    writes.push(write(desk.linked_subject(Kind::Group, "group"), Vec::new()));
    let mut left = desk.linked_subject(Kind::User, "left");
    left.in_scope = false;
    left.target_id = Some(TargetId::new("t-left"));
    writes.push(write(left, Vec::new()));
    desk.plan(&writes).await;
    let sample = async |n: u32, seed: u64| {
        let keys = desk.store.sample_links(&desk.channel, n, seed).await;
        keys.unwrap().into_iter().collect::<BTreeSet<SourceKey>>()
    };
    let first = sample(20, 1).await;
    assert_eq!(first.len(), 20);
    assert_eq!(sample(20, 1).await, first);
    let mut others = 0;
    for seed in [2, 3, u64::MAX] {
        others += usize::from(sample(20, seed).await != first);
    }
    assert!(others >= 2, "seeds draw different people");
    let all = sample(1000, 7).await;
    assert_eq!(all.len(), 200);
    assert!(!all.contains(&SourceKey::new("k-left")));
    assert!(sample(0, 1).await.is_empty());
}
