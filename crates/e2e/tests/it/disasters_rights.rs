//! Rights that the bind account loses: what it does not see any more is not gone.

use usher_core::model::CycleMode;
use usher_testkit::slapd::READ_ALL;

use crate::disasters_source::{assert_everybody_is_active, company, settled};
use crate::ldif::ascii;
use crate::world::{BASE, Plan, World, incomplete, state};

#[tokio::test]
async fn an_ou_that_the_bind_account_may_no_longer_read_loses_nobody() {
    let Some(world) = settled(Plan::of(company().ldif())).await else {
        return;
    };
    for unit in ["Head Office", "Contractors"] {
        let hidden = format!("to dn.subtree=\"ou={unit},{BASE}\" by * none");
        let mut rules = vec![hidden.as_str()];
        rules.extend(READ_ALL);
        world.slapd.set_acl(&rules).expect("rights taken away");
        let report = world.sync(CycleMode::Full).await;
        assert_eq!(state(&report), "incomplete", "{unit}: {report:?}");
        assert!(incomplete(&report).contains("linked people"), "{report:?}");
        world.assert_nothing_written();
        world.sync(CycleMode::Incremental).await;
        world.assert_nothing_written();
    }
    world.slapd.set_acl(READ_ALL).expect("rights given back");
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(state(&report), "completed", "{report:?}");
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
}

#[tokio::test]
async fn somebody_whose_key_the_bind_account_may_no_longer_read_is_not_gone() {
    let company = company();
    let Some(mut world) = settled(Plan::of(company.ldif())).await else {
        return;
    };
    let somebody = company.people().nth(7).expect("sixty people");
    let dn = ascii(&somebody.dn);
    // Whoever is drawn as a sentinel: not this one.
    world.channel().policy.sentinel_sample = 0;
    world.save().await;
    let hidden = format!("to dn.exact=\"{dn}\" attrs=entryUUID by * none");
    let mut rules = vec![hidden.as_str()];
    rules.extend(READ_ALL);
    world.slapd.set_acl(&rules).expect("rights taken away");
    let report = world.sync(CycleMode::Full).await;
    assert!(
        format!("{report:?}").contains("not proven gone"),
        "{report:?}"
    );
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
    world.slapd.set_acl(READ_ALL).expect("rights given back");
    world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
}

#[tokio::test]
async fn somebody_who_is_renamed_while_the_key_may_no_longer_be_read_is_not_gone() {
    let company = company();
    let Some(mut world) = settled(Plan::of(company.ldif())).await else {
        return;
    };
    let somebody = company.people().nth(7).expect("sixty people");
    let dn = ascii(&somebody.dn);
    // Whoever is drawn as a sentinel: not this one.
    world.channel().policy.sentinel_sample = 0;
    world.save().await;
    world.sync(CycleMode::Full).await;
    world.forget_requests();
    let groups = world.groups();
    let parent = dn.split_once(',').expect("a parent").1.to_owned();
    let hidden = format!("to dn.exact=\"uid=renamed.one,{parent}\" attrs=entryUUID by * none");
    let mut rules = vec![hidden.as_str()];
    rules.extend(READ_ALL);
    world.slapd.set_acl(&rules).expect("rights taken away");
    world.change(&format!(
        "dn: {dn}\nchangetype: modrdn\nnewrdn: uid=renamed.one\ndeleteoldrdn: 1\n"
    ));
    for mode in [CycleMode::Full, CycleMode::Incremental, CycleMode::Full] {
        world.sync(mode).await;
        world.assert_nothing_written();
    }
    let held = world.admin.steps(None, &["held"], 10).await.expect("steps");
    let why = held[0].hold.clone().unwrap_or_default();
    assert!(why.contains("renamed.one"), "{why}");
    assert_everybody_is_active(&world, 60);
    assert_eq!(world.groups(), groups, "nobody lost a membership");
    world.slapd.set_acl(READ_ALL).expect("rights given back");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, []);
    assert_everybody_is_active(&world, 60);
}

#[tokio::test]
async fn losing_the_right_to_read_what_the_filter_goes_by_takes_nobody_out_one_by_one() {
    let company = company();
    let Some(mut world) = World::from(Plan::of(company.ldif())).await else {
        return;
    };
    world.channel().source.users.filter = Some("(title=*)".to_owned());
    world.save().await;
    world.first_sync().await;
    world.forget_requests();
    let count = world.users().len();
    let mut rules = vec!["to attrs=title by * none"];
    rules.extend(READ_ALL);
    world.slapd.set_acl(&rules).expect("rights taken away");
    let uid = world.users().keys().next().cloned().expect("somebody");
    let somebody = company.people().find(|person| person.uid == uid);
    let dn = ascii(&somebody.expect("a person of the company").dn);
    world.change(&format!(
        "dn: {dn}\nchangetype: modify\nreplace: description\ndescription: changed\n"
    ));
    let report = world.sync(CycleMode::Incremental).await;
    world.assert_nothing_written();
    assert_eq!(report.held, 1, "{report:?}");
    let held = world.admin.steps(None, &["held"], 10).await.expect("steps");
    let why = held[0].hold.clone().unwrap_or_default();
    assert!(why.contains("do not pass the filter either"), "{why}");
    world.slapd.set_acl(READ_ALL).expect("rights given back");
    world.change(&format!(
        "dn: {dn}\nchangetype: modify\nreplace: description\ndescription: again\n"
    ));
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.held().await, []);
    assert_everybody_is_active(&world, count);
}

#[tokio::test]
async fn a_small_ou_without_a_sentinel_that_is_hidden_or_deleted_waits_for_a_person() {
    let company = company();
    let mut ldif = company.ldif();
    ldif.push_str(&format!(
        "dn: ou=Annex,{BASE}\nobjectClass: organizationalUnit\nou: Annex\n\n"
    ));
    for uid in ["annex.one", "annex.two"] {
        ldif.push_str(&format!(
            "dn: uid={uid},ou=Annex,{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: Annex\n\
             givenName: One\nmail: {uid}@halden-yards.test\n\n"
        ));
    }
    let Some(mut world) = World::from(Plan::of(ldif)).await else {
        return;
    };
    // Whoever is drawn as a sentinel: none of the two.
    world.channel().policy.sentinel_sample = 0;
    world.save().await;
    world.first_sync().await;
    assert_everybody_is_active(&world, 62);
    world.forget_requests();
    let hidden = format!("to dn.subtree=\"ou=Annex,{BASE}\" by * none");
    let mut rules = vec![hidden.as_str()];
    rules.extend(READ_ALL);
    world.slapd.set_acl(&rules).expect("rights taken away");
    let report = world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
    assert_eq!(report.held, 2, "{report:?}");
    let held = world.admin.steps(None, &["held"], 10).await.expect("steps");
    let why = held[0].hold.clone().unwrap_or_default();
    assert!(why.contains("ou=annex"), "{why}");
    world.slapd.set_acl(READ_ALL).expect("rights given back");
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, []);
    world.assert_nothing_written();
    // One of them leaves: the container is there, so that is no question.
    world.change(&format!(
        "dn: uid=annex.one,ou=Annex,{BASE}\nchangetype: delete\n"
    ));
    world.sync(CycleMode::Full).await;
    assert_eq!(world.users()["annex.one"]["active"], false);
    assert_eq!(world.users()["annex.two"]["active"], true);
}

#[tokio::test]
async fn attributes_that_the_bind_account_may_no_longer_read_are_not_cleared() {
    let Some(world) = settled(Plan::of(company().ldif())).await else {
        return;
    };
    let mut rules = vec!["to attrs=title,telephoneNumber by * none"];
    rules.extend(READ_ALL);
    world.slapd.set_acl(&rules).expect("rights taken away");
    let report = world.sync(CycleMode::Full).await;
    assert!(report.held > 0, "clearing so many is held: {report:?}");
    world.assert_nothing_written();
    let mut rules = vec!["to attrs=mail by * none"];
    rules.extend(READ_ALL);
    world.slapd.set_acl(&rules).expect("rights taken away");
    let report = world.sync(CycleMode::Full).await;
    let cycle = report.cycle.expect("a cycle");
    assert_eq!(cycle.verdicts["invalid"], 60, "{cycle:?}");
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
}
