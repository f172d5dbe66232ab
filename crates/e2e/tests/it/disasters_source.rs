//! What goes wrong in the directory, or in what is asked of it. None of it may lead to a wrong write.

use usher_core::model::{CycleMode, Location};
use usher_testkit::people::{Company, Options};
use usher_testkit::proxy::{After, Fault};
use usher_testkit::slapd::{Slapd, SlapdConfig};

use crate::configuration::by_filter;
use crate::ldif::{ascii, delete, set};
use crate::world::{BASE, Plan, World, everything, incomplete, plain, state};

/// A company after its first sync, and its people's user names.
pub(crate) async fn settled(plan: Plan) -> Option<World> {
    let world = World::from(plan).await?;
    world.first_sync().await;
    world.forget_requests();
    Some(world)
}

pub(crate) fn company() -> Company {
    plain(60, 6)
}

#[track_caller]
pub(crate) fn assert_everybody_is_active(world: &World, count: usize) {
    let users = world.users();
    assert_eq!(users.len(), count);
    assert!(users.values().all(|user| user["active"] == true));
}

/// An ordinary company with a group of everybody, `cn=staff`.
fn with_staff_group(company: &Company) -> String {
    let mut ldif = company.ldif();
    ldif.push_str(&format!(
        "dn: cn=staff,ou=Groups,{BASE}\nobjectClass: groupOfNames\ncn: staff\n"
    ));
    for person in company.people() {
        ldif.push_str(&format!("member: {}\n", ascii(&person.dn)));
    }
    ldif.push('\n');
    ldif
}

#[tokio::test]
async fn a_filter_typo_holds_everybody_and_sends_nothing() {
    let Some(mut world) = settled(Plan::of(company().ldif())).await else {
        return;
    };
    for typo in ["(employeetype=employe)", "(employe=employee)", "(uid=a*)"] {
        world.channel().source.users = by_filter(typo);
        world.save().await;
        let plan = world.plan().await;
        assert!(!plan.held.is_empty(), "{typo}: {plan:?}");
        let report = world.sync(CycleMode::Full).await;
        assert!(report.held >= 40, "{typo}: {report:?}");
        world.assert_nothing_written();
    }
    world.channel().source.users = by_filter("(!(employeeType=service))");
    world.save().await;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, [], "nothing is left of the typo");
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
}

#[tokio::test]
async fn an_emptied_scope_group_removes_nobody() {
    let company = company();
    let Some(mut world) = World::from(Plan::of(with_staff_group(&company))).await else {
        return;
    };
    world.channel().source.users = Location {
        group_dn: Some(format!("cn=staff,ou=Groups,{BASE}")),
        nested: false,
        filter: None,
    };
    world.save().await;
    world.first_sync().await;
    assert_everybody_is_active(&world, 60);
    world.forget_requests();
    world.change(&format!(
        "dn: cn=staff,ou=Groups,{BASE}\nchangetype: modify\nreplace: member\nmember: {}\n",
        company.placeholder()
    ));
    for mode in [CycleMode::Incremental, CycleMode::Full] {
        let report = world.sync(mode).await;
        assert_eq!(state(&report), "incomplete", "{report:?}");
        world.assert_nothing_written();
    }
    // Not quite empty, which looks more like the truth: the guard holds it.
    let mut some = String::new();
    for person in company.people().take(40) {
        some.push_str(&format!("member: {}\n", ascii(&person.dn)));
    }
    world.change(&format!(
        "dn: cn=staff,ou=Groups,{BASE}\nchangetype: modify\nreplace: member\n{some}"
    ));
    let report = world.sync(CycleMode::Incremental).await;
    assert!(report.held >= 20, "{report:?}");
    assert_everybody_is_active(&world, 60);
}

#[tokio::test]
async fn one_of_several_scope_groups_that_is_emptied_removes_nobody() {
    let company = company();
    let mut ldif = company.ldif();
    let mut lists = [String::new(), String::new()];
    for (number, person) in company.people().enumerate() {
        let list = &mut lists[usize::from(number < 12)];
        list.push_str(&format!("member: {}\n", ascii(&person.dn)));
    }
    for (name, members) in [("many", &lists[0]), ("few", &lists[1])] {
        ldif.push_str(&format!(
            "dn: cn={name},ou=Groups,{BASE}\nobjectClass: groupOfNames\ncn: {name}\n{members}\n"
        ));
    }
    let Some(mut world) = World::from(Plan::of(ldif)).await else {
        return;
    };
    world.channel().source.users = Location {
        group_dn: Some(format!("cn=many,ou=Groups,{BASE}")),
        nested: false,
        filter: None,
    };
    let policy = &mut world.channel().policy;
    policy.further_group_dns = vec![format!("CN=few, ou=groups,{BASE}")];
    // Only the guard over the group is asked here.
    policy.guards.removals_by_absence.at_least = 60;
    world.save().await;
    world.first_sync().await;
    assert_everybody_is_active(&world, 60);
    world.forget_requests();
    let one = company.people().last().expect("somebody");
    world.change(&format!(
        "dn: cn=few,ou=Groups,{BASE}\nchangetype: modify\nreplace: member\nmember: {}\n",
        ascii(&one.dn)
    ));
    let report = world.sync(CycleMode::Incremental).await;
    let held = world.held().await;
    let disables = held.iter().filter(|(verb, _)| verb == "disable").count();
    assert_eq!(disables, 12, "{report:?}");
    let breaches = report.cycle.expect("a cycle").breaches.join("\n");
    assert!(breaches.contains("vanish from \"cn=few,"), "{breaches}");
    let users = world
        .writes()
        .into_iter()
        .filter(|w| w.path.contains("/Users"));
    assert_eq!(users.count(), 0);
    assert_everybody_is_active(&world, 60);
}

#[tokio::test]
async fn a_wrong_base_dn_reads_nothing_and_removes_nobody() {
    let Some(mut world) = settled(Plan::of(company().ldif())).await else {
        return;
    };
    for base in ["dc=exampel,dc=test", "ou=Nowhere,dc=example,dc=test"] {
        base.clone_into(&mut world.channel().source.base_dn);
        world.save().await;
        match world.try_sync(CycleMode::Full).await {
            Err(error) => assert!(error.to_string().contains(base), "{error}"),
            Ok(report) => assert_ne!(state(&report), "completed", "{report:?}"),
        }
        world.assert_nothing_written();
    }
    // A part of the tree that is there: whoever stands elsewhere left the scope by a configuration change.
    "ou=Contractors,dc=example,dc=test".clone_into(&mut world.channel().source.base_dn);
    world.save().await;
    world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
    BASE.clone_into(&mut world.channel().source.base_dn);
    world.save().await;
    world.sync(CycleMode::Full).await;
    assert_eq!(world.held().await, []);
    world.assert_nothing_written();
}

#[tokio::test]
async fn a_directory_cut_in_the_middle_of_a_page_removes_nobody() {
    let mut plan = Plan::of(plain(120, 6).ldif());
    plan.proxied = true;
    let Some(world) = settled(plan).await else {
        return;
    };
    let gone = plain(120, 6).person(100);
    world.change(&delete(&gone.dn));
    let proxy = world.proxy.as_ref().expect("a proxy");
    for after in [
        After::Entries(20),
        After::Entries(77),
        After::Pages(3),
        After::Bytes(20_000),
        After::Messages(90),
    ] {
        let struck = proxy.struck();
        proxy.set_fault(Fault::cut(after));
        match world.try_sync(CycleMode::Full).await {
            Ok(report) => assert_eq!(state(&report), "incomplete", "{after:?}: {report:?}"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        assert!(proxy.struck() > struck, "{after:?} did not strike");
        world.assert_nothing_written();
        proxy.clear();
    }
    assert_everybody_is_active(&world, 120);
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.active(&gone.uid),
        Some(false),
        "a whole read finds who is gone"
    );
    assert_eq!(
        world
            .writes()
            .iter()
            .filter(|w| w.path.contains("/Users/"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_size_limit_gives_a_part_and_removes_nobody() {
    let Some(world) = settled(Plan::of(company().ldif())).await else {
        return;
    };
    let limits = format!("dn.exact=\"cn=reader,{BASE}\" size.soft=30 size.hard=30 size.prtotal=30");
    world.slapd.set_limits(&[&limits]).expect("a limit");
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(state(&report), "incomplete", "{report:?}");
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
}

/// Another server with an LDIF, asked instead of the first.
async fn asked_instead(world: &mut World, ldif: String) -> Slapd {
    let slapd = Slapd::start(SlapdConfig {
        ldif: Some(ldif),
        ppolicy: true,
        ..SlapdConfig::default()
    });
    let slapd = slapd.expect("a second slapd");
    world.ldap().hosts = vec![format!("127.0.0.1:{}", slapd.port())];
    world.save().await;
    slapd
}

#[tokio::test]
async fn an_older_copy_of_the_directory_removes_nobody_and_takes_nothing_back() {
    let company = company();
    let Some(mut world) = settled(Plan::of(company.ldif())).await else {
        return;
    };
    let changed = company.person(5);
    // A copy of a directory tells how far it goes once anything changed in it.
    world.change(&description("copied"));
    let old = world.slapd.export().expect("an export");
    world.change(&set(&changed.dn, "title", "Harbour master"));
    for uid in ["new.one", "new.two"] {
        world.change(&format!(
            "dn: uid={uid},ou=Contractors,{BASE}\nchangetype: add\nobjectClass: inetOrgPerson\n\
             uid: {uid}\ncn: {uid}\nsn: New\nmail: {uid}@halden-yards.test\n"
        ));
    }
    world.sync(CycleMode::Incremental).await;
    assert_everybody_is_active(&world, 62);
    world.forget_requests();
    let copy = asked_instead(&mut world, old).await;
    for mode in [CycleMode::Incremental, CycleMode::Full, CycleMode::Full] {
        let refused = world.try_sync(mode).await.expect_err("it is older");
        assert!(refused.to_string().contains("older"), "{refused}");
        world.assert_nothing_written();
    }
    // It has caught up.
    let export = world.slapd.export().expect("an export");
    drop(copy);
    let _copy = asked_instead(&mut world, export).await;
    world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 62);
    assert_eq!(world.users()[&changed.uid]["title"], "Harbour master");
}

#[tokio::test]
async fn a_restored_old_directory_that_lives_on_removes_nobody() {
    let company = company();
    let Some(mut world) = settled(Plan::of(company.ldif())).await else {
        return;
    };
    // Made from a backup without many of today, and changed since: it does not look old.
    let copy = asked_instead(&mut world, company.ldif()).await;
    for person in company.people().skip(35) {
        copy.ldif_modify(&delete(&person.dn)).expect("deleted");
    }
    world.sync(CycleMode::Incremental).await;
    world.assert_nothing_written();
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(state(&report), "incomplete", "{report:?}");
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
}

/// A change of something that nobody provisions.
fn description(text: &str) -> String {
    set(&format!("ou=Groups,{BASE}"), "description", text)
}

#[tokio::test]
async fn a_clock_that_jumps_loses_no_change_and_makes_none() {
    let company = company();
    let Some(world) = settled(Plan::of(company.ldif())).await else {
        return;
    };
    const YEAR: i64 = 365 * 86_400_000;
    for (at, jump) in [YEAR, -2 * YEAR, YEAR].into_iter().enumerate() {
        world.clock.advance(jump);
        world.sync(CycleMode::Incremental).await;
        world.sync(CycleMode::Full).await;
        world.assert_nothing_written();
        let person = company.person(10 + at as u32);
        world.change(&set(&person.dn, "title", &format!("Jumped {at}")));
        world.sync(CycleMode::Incremental).await;
        assert_eq!(world.users()[&person.uid]["title"], format!("Jumped {at}"));
        assert_eq!(world.writes().len(), 1);
        world.forget_requests();
    }
    assert_everybody_is_active(&world, 60);
}

#[tokio::test]
async fn a_directory_built_anew_with_other_keys_changes_nothing_until_a_person_says_so() {
    let company = company();
    let Some(mut world) = settled(Plan::of(company.ldif())).await else {
        return;
    };
    let anew = Company::generate(Options {
        keys: 1,
        ..company.options().clone()
    });
    assert_ne!(anew.person(1).key, company.person(1).key);
    let before = world.users();
    let _rebuilt = asked_instead(&mut world, anew.ldif()).await;
    world.sync(CycleMode::Full).await;
    world.sync(CycleMode::Incremental).await;
    world.assert_nothing_written();
    assert_everybody_is_active(&world, 60);
    // Nothing proves that the old keys are gone, as nobody whom we know was found. The administrator, who
    // knows what happened, says so.
    let report = world.sync(CycleMode::Full).await;
    let words = incomplete(&report);
    assert!(words.contains("under another key"), "{words}");
    assert!(words.contains("6 of the 6 people"), "{words}");
    assert!(words.contains("usher sync --rekey"), "{words}");
    world.sync(CycleMode::Rekey).await;
    world.assert_nothing_written();
    let held = world.held().await;
    let rekeys = held.iter().filter(|(verb, _)| verb == "rekey").count();
    assert_eq!(rekeys, 60, "{held:?}");
    world.approve(everything()).await;
    for (uid, user) in world.users() {
        assert_eq!(user["id"], before[&uid]["id"], "the account stays");
        assert_eq!(user["active"], true);
    }
    let keys: Vec<String> = anew.people().map(|person| person.key).collect();
    let users = world.users();
    assert!(
        users
            .values()
            .all(|user| keys.iter().any(|key| user["externalId"] == key.as_str()))
    );
}

#[tokio::test]
async fn an_address_given_to_everybody_by_mistake_is_held() {
    let company = company();
    let Some(world) = settled(Plan::of(company.ldif())).await else {
        return;
    };
    for person in company.people().take(30) {
        world.change(&set(&person.dn, "mail", "info@halden-yards.test"));
    }
    let report = world.sync(CycleMode::Incremental).await;
    assert_eq!(report.held, 30, "{report:?}");
    world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
}

#[tokio::test]
async fn a_renamed_scope_group_removes_nobody() {
    let company = company();
    let Some(mut world) = World::from(Plan::of(with_staff_group(&company))).await else {
        return;
    };
    world.channel().source.users = Location {
        group_dn: Some(format!("cn=staff,ou=Groups,{BASE}")),
        nested: true,
        filter: Some("(objectClass=*)".to_owned()),
    };
    world.save().await;
    world.first_sync().await;
    world.forget_requests();
    world.change(&format!(
        "dn: cn=staff,ou=Groups,{BASE}\nchangetype: modrdn\nnewrdn: cn=employees\ndeleteoldrdn: 1\n"
    ));
    for mode in [CycleMode::Incremental, CycleMode::Full] {
        match world.try_sync(mode).await {
            Err(error) => assert!(error.to_string().contains("cn=staff"), "{error}"),
            Ok(report) => {
                assert_eq!(state(&report), "incomplete", "{report:?}");
                assert!(incomplete(&report).contains("cn=staff"), "{report:?}");
            }
        }
        let people: Vec<_> = world
            .writes()
            .into_iter()
            .filter(|w| w.path.contains("/Users"))
            .collect();
        assert!(people.is_empty(), "{people:?}");
    }
    assert_everybody_is_active(&world, 60);
}

#[tokio::test]
async fn a_mapping_that_yields_empty_user_names_writes_nothing() {
    let Some(mut world) = settled(Plan::of(company().ldif())).await else {
        return;
    };
    let name = |world: &mut World, attribute: &str| {
        let rules = &mut world.channel().mapping;
        let rule = rules.iter_mut().find(|rule| rule.field == "userName");
        rule.expect("a rule").attributes = vec![attribute.to_owned()];
    };
    name(&mut world, "employeeNumbr");
    world.save().await;
    let report = world.sync(CycleMode::Full).await;
    let cycle = report.cycle.expect("a cycle");
    assert_eq!(cycle.verdicts["invalid"], 60, "{cycle:?}");
    world.assert_nothing_written();
    // The right attribute of the wrong thing: everybody would be renamed.
    name(&mut world, "employeeNumber");
    world.save().await;
    let report = world.sync(CycleMode::Full).await;
    assert!(report.held >= 60, "{report:?}");
    world.assert_nothing_written();
    name(&mut world, "uid");
    world.save().await;
    world.sync(CycleMode::Full).await;
    world.assert_nothing_written();
    assert_eq!(world.held().await, []);
    assert_everybody_is_active(&world, 60);
}
