//! The main job at its real size, with every odd entry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use usher_core::model::{ChannelId, CycleMode, SourceKey, Subject, Verdict};
use usher_store::Subjects as _;
use usher_testkit::people::{
    Change, ChangeKind, Company, Expected, GroupExpected, Options, Person,
};

use crate::world::{Plan, World, shown};

/// Members in one request.
const BATCH: usize = 100;

fn company() -> Company {
    Company::generate(Options {
        users: 10_000,
        groups: 500,
        member_of: true,
        ..Options::default()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_people_and_every_odd_entry_arrive_once_and_then_only_changes_are_sent() {
    let company = company();
    let Some(mut world) = World::from(Plan::of(company.ldif())).await else {
        return;
    };
    let mut told = Told::new(&company);
    world.channel().policy.load.member_batch = Some(BATCH as u16);
    world.save().await;
    world.first_sync().await;
    accounts_are_as_expected(&world, &told.people);
    assert_groups(&world.groups(), &told.groups());
    odd_entries_ended_as_the_manifest_says(&world, &told.people).await;
    every_person_took_one_request(&world, &told.people);

    world.forget_requests();
    world.sync(CycleMode::Full).await;
    assert_eq!(
        world.sandbox.requests().len(),
        0,
        "when nothing changed, the target is not even asked"
    );

    let changes = company.changes(200);
    for change in &changes {
        world.change(&change.ldif);
    }
    let gone = [ChangeKind::Delete, ChangeKind::Rename, ChangeKind::Move];
    let gone = changes.iter().filter(|change| gone.contains(&change.kind));
    let gone: Vec<&str> = gone.map(|change| change.person.dn.as_str()).collect();
    world.until_nobody_refers_to(&gone).await;
    world.sync(CycleMode::Incremental).await;
    told.change(&changes);
    just_the_changes_were_sent(&world, &told, &changes);

    world.forget_requests();
    world.sync(CycleMode::Full).await;
    just_the_deleted_left(&world, &told, &changes);
}

/// What the directory says now.
struct Told<'a> {
    company: &'a Company,
    people: Vec<Person>,
    /// The account's user name, by person; `None` for whoever has no account.
    names: BTreeMap<u32, String>,
    joins: Vec<(u32, u32)>,
    gone: BTreeSet<u32>,
}

impl<'a> Told<'a> {
    fn new(company: &'a Company) -> Self {
        let people: Vec<Person> = company.people().collect();
        let with = people.iter().filter(|person| person.is_provisioned());
        let names = with
            .map(|person| (person.number, person.uid.clone()))
            .collect();
        Self {
            company,
            people,
            names,
            joins: Vec::new(),
            gone: BTreeSet::new(),
        }
    }

    fn change(&mut self, changes: &[Change]) {
        for change in changes {
            let number = change.person.number;
            match change.kind {
                ChangeKind::Rename => {
                    self.names.insert(number, change.to.clone());
                }
                ChangeKind::Delete => {
                    self.gone.insert(number);
                }
                ChangeKind::Join => {
                    let group = change.to.parse().expect("a number");
                    self.joins.push((group, number));
                }
                ChangeKind::Title | ChangeKind::Move | ChangeKind::Disable | ChangeKind::Hire => {}
            }
        }
    }

    /// People whom a group gained, itself or through nesting.
    fn joined(&self, group: u32) -> BTreeSet<u32> {
        let within = self.company.groups_within(group);
        let joins = self.joins.iter().filter(|(to, _)| within.contains(to));
        joins.map(|(_, person)| *person).collect()
    }

    /// Every group that must be there, with its people through all nesting.
    fn groups(&self) -> BTreeMap<String, BTreeSet<String>> {
        let groups = self.company.groups();
        let groups = groups.filter(|group| group.expected == GroupExpected::Provisioned);
        groups
            .map(|group| {
                let people: BTreeSet<u32> = if group.everybody {
                    self.names.keys().copied().collect()
                } else {
                    let joined = self.joined(group.number);
                    self.company
                        .people_of(group.number)
                        .union(&joined)
                        .copied()
                        .collect()
                };
                let people = people.difference(&self.gone);
                let names = people.filter_map(|number| self.names.get(number).cloned());
                (group.name.trim().to_owned(), names.collect())
            })
            .collect()
    }

    /// The requests that a delta needs for groups: those who joined, in batches, and with them those who were
    /// deleted since the same group was read last.
    fn group_requests(&self) -> usize {
        let mut requests = 0;
        for group in self.company.groups() {
            let joined = self.joined(group.number);
            if joined.is_empty() || group.expected != GroupExpected::Provisioned {
                continue;
            }
            let before = self.company.people_of(group.number);
            requests += joined.difference(&before).count().div_ceil(BATCH);
            let left = before.intersection(&self.gone);
            let left = left.filter(|number| self.names.contains_key(number));
            requests += left.count().div_ceil(BATCH);
        }
        requests
    }
}

fn assert_groups(
    found: &BTreeMap<String, BTreeSet<String>>,
    wanted: &BTreeMap<String, BTreeSet<String>>,
) {
    let (names, others): (Vec<_>, Vec<_>) = (found.keys().collect(), wanted.keys().collect());
    assert_eq!(names, others);
    for (name, members) in wanted {
        let missing: Vec<_> = members.difference(&found[name]).collect();
        let extra: Vec<_> = found[name].difference(members).collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{name}: missing {missing:?}, extra {extra:?}"
        );
    }
}

/// Exactly the accounts that must be there, each as the directory has it.
fn accounts_are_as_expected(world: &World, people: &[Person]) {
    let users = world.users();
    let wanted: BTreeSet<&str> = people
        .iter()
        .filter(|person| person.is_provisioned())
        .map(|person| person.uid.as_str())
        .collect();
    let found: BTreeSet<&str> = users.keys().map(String::as_str).collect();
    let missing: Vec<_> = wanted.difference(&found).collect();
    let extra: Vec<_> = found.difference(&wanted).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "missing {missing:?}, extra {extra:?}"
    );
    for person in people.iter().filter(|person| person.is_provisioned()) {
        let user = &users[&person.uid];
        assert_eq!(fields(user), person.wanted, "{}", person.dn);
        assert_eq!(user["externalId"], person.key.as_str());
        assert_eq!(user["active"], true);
    }
}

/// The fields of an account that the mapping fills.
fn fields(user: &Value) -> BTreeMap<&'static str, String> {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let all = [
        ("userName", &user["userName"]),
        ("workEmail", &user["emails"][0]["value"]),
        ("displayName", &user["displayName"]),
        ("givenName", &user["name"]["givenName"]),
        ("familyName", &user["name"]["familyName"]),
        ("title", &user["title"]),
        ("department", &user[enterprise]["department"]),
        ("workPhone", &user["phoneNumbers"][0]["value"]),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        .collect()
}

/// What is stored of every person who gets no account says why, and of whom.
async fn odd_entries_ended_as_the_manifest_says(world: &World, people: &[Person]) {
    let stored = stored(world, people).await;
    let dns: BTreeMap<&str, &str> = people
        .iter()
        .map(|person| (person.uid.as_str(), person.dn.as_str()))
        .collect();
    for person in people {
        let subject = stored.get(person.key.as_str());
        let told = || subject.map_or_else(String::new, |subject| subject.reason.clone());
        let verdict = subject.map(|subject| subject.verdict);
        let (expected, says): (Option<Verdict>, Vec<String>) = match &person.expected {
            Expected::Provisioned => (Some(Verdict::Unchanged), Vec::new()),
            Expected::Invalid { field } => (Some(Verdict::Invalid), vec![(*field).to_owned()]),
            Expected::Conflict { with } => {
                let others = with.iter().map(|uid| dns[uid.as_str()].to_owned());
                (Some(Verdict::Held), others.collect())
            }
            Expected::Skipped => (Some(Verdict::SkippedByOption), Vec::new()),
            Expected::Protected => (Some(Verdict::Protected), Vec::new()),
            Expected::OutOfScope => (None, Vec::new()),
        };
        assert_eq!(
            verdict,
            expected,
            "{} {:?}: {}",
            person.dn,
            person.tag,
            told()
        );
        // One of those with the same value is named; three may share it.
        assert!(
            says.is_empty() || says.iter().any(|word| names(&told(), word)),
            "{}: {:?} does not tell {says:?}",
            person.dn,
            told()
        );
    }
}

/// Whether a reason names a DN or a word; slapd writes escapes of DNs its own way.
fn names(reason: &str, word: &str) -> bool {
    let first = word.split(',').next().unwrap_or(word);
    reason.to_lowercase().contains(&first.to_lowercase())
}

async fn stored(world: &World, people: &[Person]) -> BTreeMap<String, Subject> {
    let channel = ChannelId::new("staff");
    let mut found = BTreeMap::new();
    for some in people.chunks(500) {
        let keys: Vec<SourceKey> = some
            .iter()
            .map(|person| SourceKey::new(&person.key))
            .collect();
        let heads = world.store.heads(&channel, &keys).await.expect("heads");
        let ids: Vec<_> = heads.iter().map(|head| head.id).collect();
        let subjects = world.store.subjects(&ids).await.expect("subjects");
        found.extend(subjects.into_iter().map(|one| (one.key.to_string(), one)));
    }
    found
}

/// One POST for each account, one for each group, members in full batches.
fn every_person_took_one_request(world: &World, people: &[Person]) {
    let counts = world.sandbox.counts().by_operation;
    let accounts = people
        .iter()
        .filter(|person| person.is_provisioned())
        .count() as u64;
    assert_eq!(counts["POST /Users"], accounts);
    assert_eq!(counts.get("PATCH /Users/{id}"), None);
    let groups = world.groups();
    assert_eq!(counts["POST /Groups"], groups.len() as u64);
    let batches: usize = groups
        .values()
        .map(|members| members.len().div_ceil(BATCH))
        .sum();
    assert_eq!(counts["PATCH /Groups/{id}"], batches as u64);
}

/// One request for each changed person, members in batches, and nothing else.
fn just_the_changes_were_sent(world: &World, told: &Told<'_>, changes: &[Change]) {
    let of = |kind: ChangeKind| changes.iter().filter(move |change| change.kind == kind);
    let users = world.users();
    for change in of(ChangeKind::Title) {
        assert_eq!(users[&change.person.uid]["title"], change.to.as_str());
    }
    for change in of(ChangeKind::Disable) {
        assert_eq!(
            users[&change.person.uid]["active"], false,
            "{}",
            change.person.dn
        );
    }
    for change in of(ChangeKind::Rename) {
        assert_eq!(users[&change.to]["externalId"], change.person.key.as_str());
    }
    for change in of(ChangeKind::Hire) {
        assert_eq!(fields(&users[&change.person.uid]), change.person.wanted);
    }
    for change in of(ChangeKind::Delete) {
        assert_eq!(
            users[&change.person.uid]["active"], true,
            "a delta proves no absence"
        );
    }
    let counts = world.sandbox.counts().by_operation;
    let lines: Vec<String> = world.writes().iter().map(shown).collect();
    let changed = [ChangeKind::Title, ChangeKind::Rename, ChangeKind::Disable];
    let updates: usize = changed.into_iter().map(|kind| of(kind).count()).sum();
    let expected = BTreeMap::from([
        ("PATCH /Users/{id}".to_owned(), updates as u64),
        (
            "POST /Users".to_owned(),
            of(ChangeKind::Hire).count() as u64,
        ),
        (
            "PATCH /Groups/{id}".to_owned(),
            told.group_requests() as u64,
        ),
    ]);
    assert_eq!(counts, expected, "{lines:#?}");
}

/// The complete read finds the deleted: each is disabled, and leaves the groups.
fn just_the_deleted_left(world: &World, told: &Told<'_>, changes: &[Change]) {
    let of = |kind: ChangeKind| changes.iter().filter(move |change| change.kind == kind);
    let users = world.users();
    for change in of(ChangeKind::Delete) {
        assert_eq!(
            users[&change.person.uid]["active"], false,
            "{}",
            change.person.dn
        );
    }
    assert_groups(&world.groups(), &told.groups());
    let counts = world.sandbox.counts().by_operation;
    assert_eq!(
        counts["PATCH /Users/{id}"],
        of(ChangeKind::Delete).count() as u64
    );
    assert_eq!(counts.get("POST /Users"), None);
    assert_eq!(counts.get("DELETE /Users/{id}"), None);
}
