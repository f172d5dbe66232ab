//! Who is in scope, and what becomes of members when the tree changes.

use std::collections::BTreeSet;

use usher_core::model::{CycleMode, Location};
use usher_testkit::people::{ADMINISTRATOR, Company, Options, Person, odd_people};

use crate::ldif::{add, ascii, delete, set};
use crate::world::{BASE, Plan, World, incomplete, plain, shown, state};

/// A group as an LDIF record.
fn group(name: &str, members: &[&str]) -> String {
    let mut text = format!(
        "dn: cn={name},ou=Groups,{BASE}\nobjectClass: groupOfNames\ncn: {name}\nmodifyTimestamp: 20240101000000Z\n"
    );
    for member in members {
        text.push_str(&format!("member: {}\n", ascii(member)));
    }
    text + "\n"
}

fn group_dn(name: &str) -> String {
    format!("cn={name},ou=Groups,{BASE}")
}

fn remove_member(group: &str, member: &str) -> String {
    add(&group_dn(group), "member", member).replace("add: ", "delete: ")
}

fn uids<'a>(people: impl IntoIterator<Item = &'a Person>) -> BTreeSet<String> {
    people
        .into_iter()
        .map(|person| person.uid.clone())
        .collect()
}

fn moved(person: &Person, unit: &str) -> String {
    let dn = ascii(&person.dn);
    // No value of an ordinary name has an escaped comma before its container.
    let (rdn, _) = dn.split_once(",ou=").expect("a container");
    format!(
        "dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 0\nnewsuperior: ou={unit},{BASE}\n"
    )
}

#[tokio::test]
async fn renaming_a_whole_ou_changes_nothing_at_the_target() {
    let company = plain(60, 6);
    let Some(world) = World::of(&company).await else {
        return;
    };
    world.first_sync().await;
    let groups = world.groups();
    world.forget_requests();
    world.change(&format!(
        "dn: ou=Contractors,{BASE}\nchangetype: modrdn\nnewrdn: ou=Externals\ndeleteoldrdn: 1\n"
    ));
    for mode in [CycleMode::Incremental, CycleMode::Full, CycleMode::Full] {
        world.sync(mode).await;
        world.assert_nothing_written();
    }
    assert_eq!(world.groups(), groups);
    assert_eq!(world.held().await, []);
    assert!(world.users().values().all(|user| user["active"] == true));
}

#[tokio::test]
async fn people_who_move_stay_members_while_their_groups_still_have_the_old_name() {
    let company = plain(60, 6);
    for mode in [CycleMode::Incremental, CycleMode::Full] {
        // The members are written by nobody but us.
        let mut plan = Plan::of(company.ldif());
        plan.slapd.refint = false;
        let Some(world) = World::from(plan).await else {
            return;
        };
        world.first_sync().await;
        let groups = world.groups();
        world.forget_requests();
        let people = company
            .people()
            .filter(|person| person.dn.contains("ou=Head Office"));
        for person in people.take(6) {
            world.change(&moved(&person, "Contractors"));
        }
        for group in company.groups() {
            world.change(&set(&group.dn, "description", "read again"));
        }
        // However often the old names are read.
        for mode in [
            mode,
            CycleMode::Incremental,
            CycleMode::Full,
            CycleMode::Full,
        ] {
            world.sync(mode).await;
            world.assert_nothing_written();
        }
        assert_eq!(world.groups(), groups);
    }
}

#[tokio::test]
async fn whoever_is_deleted_leaves_the_groups_that_still_name_him_and_nobody_else_does() {
    let company = plain(60, 6);
    let mut plan = Plan::of(company.ldif());
    plan.slapd.refint = false;
    let Some(world) = World::from(plan).await else {
        return;
    };
    world.first_sync().await;
    let mut groups = world.groups();
    world.forget_requests();
    let gone = company.person(20);
    world.change(&delete(&gone.dn));
    for _ in 0..2 {
        let report = world.sync(CycleMode::Full).await;
        assert_eq!(incomplete(&report), "");
    }
    let mut left = 0;
    for members in groups.values_mut() {
        left += usize::from(members.remove(&gone.uid));
    }
    assert_eq!(world.active(&gone.uid), Some(false));
    assert_eq!(world.groups(), groups);
    assert_eq!(world.writes().len(), 1 + left);
    world.forget_requests();
    world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
}

#[tokio::test]
async fn nested_groups_are_flattened_and_the_way_is_told() {
    let company = plain(30, 0);
    let people: Vec<Person> = company.people().collect();
    let dn = |at: usize| people[at].dn.as_str();
    let mut ldif = company.ldif();
    ldif.push_str(&group("outer", &[dn(0), &group_dn("middle")]));
    ldif.push_str(&group("middle", &[dn(1), &group_dn("inner")]));
    ldif.push_str(&group("inner", &[dn(2), &group_dn("outer")]));
    let Some(world) = World::from(Plan::of(ldif)).await else {
        return;
    };
    world.first_sync().await;
    let all = uids(&people[..3]);
    for name in ["outer", "middle", "inner"] {
        assert_eq!(world.groups()[name], all, "{name}");
    }
    let story = world
        .admin
        .explain(None, &people[2].uid)
        .await
        .expect("a story");
    let path = story
        .groups
        .iter()
        .find(|path| path.name == "outer")
        .expect("a group");
    let via = path.via.join(" > ").to_lowercase();
    assert!(via.contains("middle") && via.contains("inner"), "{via}");
    // A change far below reaches every group above, by a delta.
    world.forget_requests();
    world.change(&add(&group_dn("inner"), "member", dn(7)));
    world.change(&remove_member("inner", dn(2)));
    world.sync(CycleMode::Incremental).await;
    let now = uids([&people[0], &people[1], &people[7]]);
    for name in ["outer", "middle", "inner"] {
        assert_eq!(world.groups()[name], now, "{name}");
    }
    assert_eq!(
        world.writes().len(),
        6,
        "for each group one who came and one who left"
    );
}

/// People of teams within `cn=staff`.
async fn by_group(company: &Company, nested: bool, filter: Option<&str>) -> Option<World> {
    let people: Vec<Person> = company.people().collect();
    let team: Vec<&str> = people[25..40]
        .iter()
        .map(|person| person.dn.as_str())
        .collect();
    let team_dn = group_dn("team");
    let mut staff: Vec<&str> = people[..25]
        .iter()
        .map(|person| person.dn.as_str())
        .collect();
    staff.push(&team_dn);
    let ldif = company.ldif() + &group("team", &team) + &group("staff", &staff);
    let mut world = World::from(Plan::of(ldif)).await?;
    world.channel().source.users = Location {
        group_dn: Some(group_dn("staff")),
        nested,
        filter: filter.map(str::to_owned),
    };
    world.save().await;
    world.first_sync().await;
    world.forget_requests();
    Some(world)
}

#[tokio::test]
async fn whoever_leaves_a_nested_scope_group_is_seen_by_the_next_delta() {
    let company = plain(50, 0);
    let people: Vec<Person> = company.people().collect();
    let Some(world) = by_group(&company, true, None).await else {
        return;
    };
    let users: BTreeSet<String> = world.users().into_keys().collect();
    assert_eq!(users, uids(&people[..40]));
    // One leaves, one comes, and neither entry is touched.
    world.change(&remove_member("team", &people[32].dn));
    world.change(&add(&group_dn("team"), "member", &people[45].dn));
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active(&people[32].uid), Some(false));
    assert_eq!(world.active(&people[45].uid), Some(true));
    let of_people: Vec<_> = world
        .writes()
        .iter()
        .filter(|w| w.path.contains("/Users"))
        .map(shown)
        .collect();
    assert_eq!(of_people.len(), 2, "{of_people:#?}");
    let story = world
        .admin
        .explain(None, &people[32].uid)
        .await
        .expect("a story");
    assert!(story.scope.contains("cn=staff"), "{}", story.scope);
    // Whoever comes back is enabled.
    world.change(&add(&group_dn("staff"), "member", &people[32].dn));
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active(&people[32].uid), Some(true));
    // A whole team taken out is held.
    world.forget_requests();
    world.change(&remove_member("staff", &group_dn("team")));
    world.sync(CycleMode::Incremental).await;
    let of_people: Vec<_> = world
        .writes()
        .iter()
        .filter(|w| w.path.contains("/Users"))
        .map(shown)
        .collect();
    assert!(of_people.is_empty(), "{of_people:#?}");
    assert_eq!(
        world
            .held()
            .await
            .iter()
            .filter(|(verb, _)| verb == "disable")
            .count(),
        15
    );
}

#[tokio::test]
async fn without_nesting_only_direct_members_are_in_scope() {
    let company = plain(40, 0);
    let Some(world) = by_group(&company, false, None).await else {
        return;
    };
    let users: BTreeSet<String> = world.users().into_keys().collect();
    let people: Vec<Person> = company.people().take(25).collect();
    assert_eq!(users, uids(&people));
}

#[tokio::test]
async fn when_group_and_filter_are_given_both_must_hold() {
    let company = plain(40, 0);
    let Some(world) = by_group(&company, true, Some("(employeeType=employee)")).await else {
        return;
    };
    let users: BTreeSet<String> = world.users().into_keys().collect();
    let people: Vec<Person> = company.people().take(40).collect();
    let in_both = people
        .iter()
        .filter(|person| !person.dn.contains("ou=Contractors"));
    let expected = uids(in_both);
    assert!(expected.len() > 10 && expected.len() < 40, "{expected:?}");
    assert_eq!(users, expected);
    // The filter stops holding: a delta sees it though nobody touched the group.
    let leaver = people
        .iter()
        .find(|person| expected.contains(&person.uid))
        .expect("somebody");
    world.change(&set(&leaver.dn, "employeeType", "alumnus"));
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.active(&leaver.uid), Some(false));
    assert_eq!(
        world
            .writes()
            .iter()
            .filter(|w| w.path.contains("/Users"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_protected_account_is_never_written_whatever_happens_to_it() {
    let company = Company::generate(Options {
        users: odd_people() + 40,
        groups: 30,
        member_of: true,
        ..Options::default()
    });
    let Some(mut world) = World::of(&company).await else {
        return;
    };
    let administrator = company
        .people()
        .find(|person| person.tag == Some("administrator"));
    let administrator = administrator.expect("there is one");
    let user = serde_json::json!({
        "userName": administrator.uid, "title": "As it was",
        "emails": [{"value": ADMINISTRATOR, "type": "work", "primary": true}],
    });
    let id = world.sandbox.add_user(user).expect("a record");
    // Protection of somebody who is linked already.
    let frozen = company.person(odd_people() + 5);
    assert!(frozen.is_provisioned());
    let others = company.people().skip(odd_people() as usize + 6);
    let others: Vec<Person> = others.filter(Person::is_provisioned).take(2).collect();
    for (name, member) in [("left", &frozen.dn), ("entered", &others[0].dn)] {
        let members = group(name, &[member, &others[1].dn]);
        // Of a running server it is the server who keeps the time.
        let members = members.replace("modifyTimestamp: 20240101000000Z\n", "");
        world.change(&members.replacen('\n', "\nchangetype: add\n", 1));
    }
    world.sync(CycleMode::Full).await;
    world.set_mode(usher_store::ChannelState::Active).await;
    world.sync(CycleMode::Full).await;
    let frozen_id = world.users()[&frozen.uid]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    world.channel().policy.protected.dns = vec![frozen.dn.clone()];
    world.save().await;
    world.sync(CycleMode::Full).await;
    world.forget_requests();
    world.change(&remove_member("left", &frozen.dn));
    for person in [&administrator, &frozen] {
        world.change(&add(&group_dn("entered"), "member", &person.dn));
    }
    // Somebody else's change of the same group is made.
    world.change(&remove_member("entered", &others[0].dn));
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.groups()["entered"].len(), 1);
    assert!(world.groups()["left"].contains(&frozen.uid));
    for person in [&administrator, &frozen] {
        world.change(&set(&person.dn, "title", "Changed"));
        world.sync(CycleMode::Incremental).await;
        world.change(&set(&person.dn, "pwdAccountLockedTime", "000001010000Z"));
        world.sync(CycleMode::Full).await;
        world.change(&delete(&person.dn));
        let report = world.sync(CycleMode::Full).await;
        assert_eq!(state(&report), "completed", "{report:?}");
    }
    let writes = world.writes();
    // A change to a group names its members in the body.
    let names = |text: &str| text.contains(&id) || text.contains(&frozen_id);
    let touched = writes
        .iter()
        .filter(|w| names(&w.path) || names(&w.request_body));
    assert_eq!(touched.map(shown).collect::<Vec<_>>(), Vec::<String>::new());
    let users = world.users();
    assert_eq!(users[&administrator.uid]["title"], "As it was");
    assert_eq!(users[&frozen.uid]["active"], true);
}
