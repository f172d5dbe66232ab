//! The client in every position of every unclear behaviour: each two positions of any two knobs occur together in some run.
//!
//! No position is called right. What must hold in all of them: nothing but what an operation is about changes, what is
//! reported as done is done, and what is not done is reported.

use serde_json::Value;
use usher_connector::{CheckOutcome, Failure, Premise};
use usher_core::model::{FieldValue, Kind, Operation, Resource, TargetId};
use usher_sandbox::scim::knobs::{
    Acceptance, ActiveInReplies, DefaultGroup, DeleteUser, EmailToUnverified, EmptyList,
    EnterpriseLocation, ExternalChange, ExternalIdDuplicate, ForeignDirectory, InvalidKey,
    ItemsPerPage, Media, NoMatch, NoOpMember, OrgGroupConflict, PutOmitted, PutWithoutActive,
    Recreate, RenameGroup, UnknownDirectory, UnknownMember, UnlinkedAccount, UnsupportedFilter,
    UnverifiedDomain, UserNameConflict,
};
use usher_sandbox::scim::{Knobs, OrgGroupConfig, OrgGroupKind};

use crate::driver::{Outcome, apply};
use crate::pairs::rows;
use crate::rig::{Rig, change, create, members, open, person, update};

type Set = Box<dyn Fn(&mut Knobs)>;

/// One factor: its name and what each position sets.
struct Factor(&'static str, Vec<Set>);

macro_rules! factor {
    ($field:ident: $($value:expr),+ $(,)?) => {
        Factor(stringify!($field), vec![$(Box::new(|knobs: &mut Knobs| knobs.$field = $value)),+])
    };
    ($field:ident in $choice:ident) => {
        Factor(stringify!($field), $choice::ALL.iter().map(|position| {
            Box::new(move |knobs: &mut Knobs| knobs.$field = *position) as Set
        }).collect())
    };
}

fn factors() -> Vec<Factor> {
    vec![
        factor!(media in Media),
        factor!(filters_fold_case: true, false),
        factor!(unsupported_filter in UnsupportedFilter),
        factor!(page_cap: 100, 2),
        factor!(items_per_page in ItemsPerPage),
        factor!(empty_list in EmptyList),
        factor!(user_name_conflict in UserNameConflict),
        factor!(external_id_duplicate in ExternalIdDuplicate),
        factor!(unverified_domain in UnverifiedDomain),
        factor!(put_omitted in PutOmitted),
        factor!(put_without_active in PutWithoutActive),
        factor!(patch_remove in Acceptance),
        factor!(pathless_patch in Acceptance),
        factor!(filter_path in Acceptance),
        factor!(filter_path_no_match in NoMatch),
        factor!(deactivated_keep_memberships: true, false),
        factor!(email_to_unverified in EmailToUnverified),
        factor!(external_change in ExternalChange),
        factor!(delete_user in DeleteUser),
        factor!(recreate in Recreate),
        factor!(recreate_reactivates: true, false),
        factor!(org_group_conflict in OrgGroupConflict),
        factor!(default_group in DefaultGroup),
        factor!(unknown_member in UnknownMember),
        factor!(group_patch_atomic: true, false),
        factor!(already_member in NoOpMember),
        factor!(not_a_member in NoOpMember),
        factor!(remove_members_by_array in Acceptance),
        factor!(remove_members_by_filter in Acceptance),
        factor!(rename_group in RenameGroup),
        factor!(active_in_replies in ActiveInReplies),
        factor!(unlinked_account in UnlinkedAccount),
        factor!(enterprise_location in EnterpriseLocation),
        factor!(lowercased: vec![], vec!["userName".to_owned(), "displayName".to_owned()]),
        factor!(dropped: vec![], vec!["phoneNumbers".to_owned()]),
        factor!(frozen: vec![], vec!["title".to_owned()]),
    ]
}

#[tokio::test]
async fn in_every_pair_of_positions_what_is_reported_is_what_happened() {
    let factors = factors();
    let sizes: Vec<usize> = factors.iter().map(|factor| factor.1.len()).collect();
    let rows = rows(&sizes);
    assert!(rows.len() >= 9);
    for row in rows {
        let mut knobs = Knobs::default();
        let mut positions = String::new();
        for (Factor(name, sets), &position) in factors.iter().zip(&row) {
            sets[position](&mut knobs);
            positions.push_str(&format!("{name}={position} "));
        }
        // Shown when an assertion in the run fails.
        println!("run with {positions}");
        let rig = Rig::start(knobs).await;
        Run { rig }.all().await;
    }
}

struct Run {
    rig: Rig,
}

impl Run {
    async fn all(&self) {
        let ana = self.add("ana").await;
        let bob = self.add("bob").await;
        let cid = self.add("cid").await;
        self.duplicates().await;
        let (bob_before, cid_before) = (self.plain(&bob), self.plain(&cid));
        self.changes(&ana).await;
        self.clearing(&ana).await;
        self.status(&ana).await;
        assert_eq!(
            (self.plain(&bob), self.plain(&cid)),
            (bob_before, cid_before)
        );
        self.listing(3).await;
        self.membership(&ana, &bob, &cid).await;
        self.unverified(&bob).await;
        self.leaving(&cid).await;
        self.group_names().await;
        let requests = self.rig.sandbox.requests();
        let renames = requests
            .iter()
            .filter(|r| r.path.contains("/Groups") && r.method == "PUT");
        assert_eq!(renames.count(), 0, "a group is never written as a whole");
    }

    async fn apply(&self, kind: Kind, operation: &Operation) -> Outcome {
        apply(&*self.rig.target, kind, operation).await
    }

    async fn add(&self, name: &str) -> TargetId {
        let resource = person(name)
            .with("title", "Cook")
            .with("homePhone", "+34 1");
        let reply = self.apply(Kind::User, &create(resource)).await.reply();
        let id = reply.target_id.unwrap();
        let found = self
            .rig
            .target
            .find(Kind::User, "externalId", &format!("key-{name}"))
            .await;
        assert_eq!(
            found
                .unwrap()
                .into_iter()
                .map(|o| o.target_id)
                .collect::<Vec<_>>(),
            [id.clone()]
        );
        id
    }

    /// The record without what the service keeps beside it, whatever replies show.
    fn plain(&self, id: &TargetId) -> Value {
        let knobs = self.rig.sandbox.knobs();
        self.rig.sandbox.change_knobs(|knobs| {
            knobs.active_in_replies = ActiveInReplies::Always;
            knobs.enterprise_location = EnterpriseLocation::Extension;
        });
        let mut user = self.rig.user(id).unwrap();
        self.rig.sandbox.set_knobs(knobs);
        for owned in ["meta", "groups"] {
            user.as_object_mut().unwrap().remove(owned);
        }
        user
    }

    async fn duplicates(&self) {
        let count = self.rig.sandbox.snapshot().users.len();
        let error = self.apply(Kind::User, &create(person("BOB"))).await.error();
        assert_eq!(
            error.failure,
            Failure::Replan {
                premise: Premise::Exists
            }
        );
        assert_eq!(self.rig.sandbox.snapshot().users.len(), count);
    }

    /// After an operation on a person: what the reply shows is what a read shows.
    async fn honest(&self, id: &TargetId, before: &Value, outcome: Outcome) -> Option<Resource> {
        match outcome {
            Outcome::Done(reply) => {
                let shown = reply.unwrap().observed.unwrap();
                let read = self.rig.target.read(Kind::User, id).await.unwrap().unwrap();
                assert_eq!(shown.resource, read.resource);
                assert_eq!(shown.active, read.active);
                Some(shown.resource)
            }
            Outcome::Failed(error) => {
                assert!(
                    matches!(error.failure, Failure::Refused { .. }),
                    "{error:?}"
                );
                assert_eq!(&self.plain(id), before, "refused, yet changed: {error:?}");
                None
            }
            Outcome::Partly(_) => panic!("not about members"),
        }
    }

    async fn changes(&self, id: &TargetId) {
        for (field, from, to) in [
            ("displayName", None, "ANA D"),
            ("title", Some("Cook"), "Chef"),
            ("mobilePhone", None, "+34 2"),
            ("homePhone", Some("+34 1"), "+34 3"),
            ("homeEmail", None, "ana@home.example"),
            ("workEmail", Some("ana@example.com"), "ana.d@example.com"),
            ("department", None, "R&D"),
        ] {
            let before = self.plain(id);
            let outcome = self
                .apply(Kind::User, &update(id, vec![change(field, from, Some(to))]))
                .await;
            let shown = self.honest(id, &before, outcome).await;
            let knobs = self.rig.sandbox.knobs();
            let kept_out = match field {
                "title" => !knobs.frozen.is_empty(),
                "mobilePhone" | "homePhone" => !knobs.dropped.is_empty(),
                _ => false,
            };
            if kept_out {
                continue;
            }
            // The path with a condition may not be understood; then the whole record is written, if that is safe.
            let typed = from.is_some() && field.ends_with("Phone") || field == "workEmail";
            let whole = knobs.active_in_replies != ActiveInReplies::Never;
            if !typed || knobs.filter_path == Acceptance::Accept || whole {
                let shown = shown.and_then(|r| r.text(field).map(str::to_lowercase));
                assert_eq!(
                    shown.as_deref(),
                    Some(to.to_lowercase().as_str()),
                    "{field}"
                );
            }
        }
        let emails = self.plain(id)["emails"].as_array().cloned().unwrap();
        assert_eq!(
            emails
                .iter()
                .filter(|email| email["primary"] == true)
                .count(),
            1,
            "{emails:?}"
        );
        assert!(self.plain(id)["active"] == true);
    }

    async fn clearing(&self, id: &TargetId) {
        let knobs = self.rig.sandbox.knobs();
        let whole = knobs.active_in_replies != ActiveInReplies::Never
            && knobs.put_omitted == PutOmitted::Cleared;
        for field in ["displayName", "department", "homeEmail"] {
            let before = self.plain(id);
            let from = Some("whatever it is");
            let outcome = self
                .apply(Kind::User, &update(id, vec![change(field, from, None)]))
                .await;
            let shown = self.honest(id, &before, outcome).await;
            let by_path = field != "homeEmail" || knobs.filter_path == Acceptance::Accept;
            if knobs.patch_remove == Acceptance::Accept && by_path || whole {
                let left = shown
                    .as_ref()
                    .and_then(|resource| resource.fields.get(field));
                assert_eq!(left, None::<&FieldValue>, "{field}");
            }
        }
        assert_eq!(self.plain(id)["active"], true);
        assert_eq!(
            self.plain(id)["userName"]
                .as_str()
                .map(str::to_lowercase)
                .as_deref(),
            Some("ana")
        );
    }

    async fn status(&self, id: &TargetId) {
        for (operation, active) in [
            (
                Operation::Disable {
                    target_id: id.clone(),
                },
                false,
            ),
            (
                Operation::Enable {
                    target_id: id.clone(),
                },
                true,
            ),
        ] {
            let before = self.plain(id);
            self.apply(Kind::User, &operation).await.reply();
            let mut after = self.plain(id);
            assert_eq!(after["active"], active);
            after["active"] = before["active"].clone();
            assert_eq!(after, before, "only `active` changes");
        }
    }

    async fn listing(&self, count: usize) {
        let (mut start, mut seen) = (None, Vec::new());
        loop {
            let page = self
                .rig
                .target
                .list(Kind::User, start, false)
                .await
                .unwrap();
            seen.extend(
                page.resources
                    .into_iter()
                    .map(|observed| observed.target_id),
            );
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
        let folded = self
            .rig
            .target
            .find(Kind::User, "userName", "ANA")
            .await
            .unwrap()
            .len();
        assert_eq!(
            folded,
            usize::from(self.rig.sandbox.knobs().filters_fold_case)
        );
        assert!(
            self.rig
                .target
                .find(Kind::User, "userName", "nobody")
                .await
                .unwrap()
                .is_empty()
        );
    }

    async fn membership(&self, ana: &TargetId, bob: &TargetId, cid: &TargetId) {
        let resource = Resource::default()
            .with("displayName", "crew")
            .with("externalId", "g");
        let group = self
            .apply(Kind::Group, &create(resource))
            .await
            .reply()
            .target_id
            .unwrap();
        let ghost = TargetId::new("00000000-0000-4000-8000-000000000000");
        let add = |ids: &[&TargetId]| Operation::AddMembers {
            target_id: group.clone(),
            members: members(ids),
        };
        let remove = |ids: &[&TargetId]| Operation::RemoveMembers {
            target_id: group.clone(),
            members: members(ids),
        };
        match self.apply(Kind::Group, &add(&[ana, &ghost, bob])).await {
            Outcome::Partly(bad) => assert!(bad.contains(&ghost), "{bad:?}"),
            other => panic!("a member that does not exist was added: {other:?}"),
        }
        let is_in = |id: &TargetId| self.rig.members(&group).contains(&id.as_str().to_owned());
        assert_eq!((is_in(ana), is_in(bob), is_in(cid)), (true, true, false));
        self.apply(Kind::Group, &add(&[ana])).await;
        assert!(is_in(ana));
        // One of the two is no member.
        let outcome = self.apply(Kind::Group, &remove(&[bob, cid])).await;
        let knobs = self.rig.sandbox.knobs();
        let forms = [
            knobs.remove_members_by_array,
            knobs.remove_members_by_filter,
        ];
        if forms.contains(&Acceptance::Accept) {
            assert!(!is_in(bob), "{outcome:?}");
        } else {
            let reported = matches!(&outcome, Outcome::Partly(bad) if bad.contains(bob));
            assert!(
                reported || matches!(outcome, Outcome::Failed(_)),
                "{outcome:?}"
            );
        }
        assert!(is_in(ana));
        let listed = self.rig.target.list(Kind::Group, None, true).await.unwrap();
        let listed = listed
            .resources
            .into_iter()
            .find(|g| g.target_id == group)
            .unwrap();
        assert_eq!(
            listed.members.unwrap_or_default().len(),
            self.rig.members(&group).len()
        );
        let delete = Operation::Delete {
            target_id: group.clone(),
        };
        assert!(matches!(
            self.apply(Kind::Group, &delete).await,
            Outcome::Done(_)
        ));
        assert_eq!(self.rig.group(&group), None);
    }

    async fn unverified(&self, id: &TargetId) {
        let before = self.plain(id);
        let to = "bob@elsewhere.example";
        let changes = vec![change("workEmail", Some("bob@example.com"), Some(to))];
        let outcome = self.apply(Kind::User, &update(id, changes)).await;
        self.honest(id, &before, outcome).await;
        let outcome = self
            .apply(
                Kind::User,
                &create(person("eve").with("workEmail", "e@else.example")),
            )
            .await;
        match (self.rig.sandbox.knobs().unverified_domain, outcome) {
            (UnverifiedDomain::External, Outcome::Done(Some(_))) => {}
            (UnverifiedDomain::Refused, Outcome::Failed(error)) => {
                assert!(
                    matches!(error.failure, Failure::Refused { .. }),
                    "{error:?}"
                );
            }
            (position, other) => panic!("{position:?}: {other:?}"),
        }
    }

    async fn leaving(&self, id: &TargetId) {
        let delete = Operation::Delete {
            target_id: id.clone(),
        };
        assert!(matches!(
            self.apply(Kind::User, &delete).await,
            Outcome::Done(Some(_))
        ));
        assert!(matches!(
            self.apply(Kind::User, &delete).await,
            Outcome::Done(None)
        ));
        assert_eq!(self.rig.target.read(Kind::User, id).await.unwrap(), None);
        let disable = Operation::Disable {
            target_id: id.clone(),
        };
        let error = self.apply(Kind::User, &disable).await.error();
        assert_eq!(
            error.failure,
            Failure::Replan {
                premise: Premise::Gone
            }
        );
        match (
            self.rig.sandbox.knobs().recreate,
            self.apply(Kind::User, &create(person("cid"))).await,
        ) {
            (Recreate::Conflict, Outcome::Failed(error)) => {
                assert_eq!(
                    error.failure,
                    Failure::Replan {
                        premise: Premise::Exists
                    }
                );
            }
            (Recreate::NewId | Recreate::OldId, Outcome::Done(Some(reply))) => {
                let same = reply.target_id.as_ref() == Some(id);
                assert_eq!(same, self.rig.sandbox.knobs().recreate == Recreate::OldId);
            }
            (position, other) => panic!("{position:?}: {other:?}"),
        }
    }

    async fn group_names(&self) {
        let kind = OrgGroupKind::Ordinary;
        self.rig.sandbox.add_org_group(OrgGroupConfig {
            name: "taken".to_owned(),
            kind,
        });
        let knobs = self.rig.sandbox.knobs();
        let refused = [
            (
                "taken",
                knobs.org_group_conflict == OrgGroupConflict::Conflict,
            ),
            ("site-admins", knobs.default_group == DefaultGroup::Conflict),
        ];
        for (name, refused) in refused {
            let resource = Resource::default().with("displayName", name);
            match self.apply(Kind::Group, &create(resource)).await {
                Outcome::Failed(error) if refused => {
                    assert_eq!(
                        error.failure,
                        Failure::Replan {
                            premise: Premise::Exists
                        }
                    );
                    let found = self.rig.target.find(Kind::Group, "displayName", name).await;
                    assert!(
                        found.unwrap().is_empty(),
                        "a name owned outside the directory"
                    );
                }
                Outcome::Done(Some(_)) if !refused => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_key_or_directory_that_does_not_fit_stops_the_target_in_every_position() {
    for key in InvalidKey::ALL {
        for foreign in ForeignDirectory::ALL {
            for unknown in UnknownDirectory::ALL {
                let knobs = Knobs {
                    invalid_key: *key,
                    foreign_directory: *foreign,
                    unknown_directory: *unknown,
                    ..Knobs::default()
                };
                let rig = Rig::start(knobs).await;
                let nowhere = format!("{}/scim/directory/nowhere", rig.sandbox.origin());
                for (url, key) in [
                    (rig.sandbox.base_url(), "wrong".to_owned()),
                    (nowhere, rig.sandbox.key()),
                ] {
                    let target = open(&url, &key);
                    let listed = target.list(Kind::User, None, false).await.unwrap_err();
                    assert_eq!(listed.failure, Failure::StopTarget, "{listed:?}");
                    let made = apply(&*target, Kind::User, &create(person("x")))
                        .await
                        .error();
                    assert_eq!(made.failure, Failure::StopTarget, "{made:?}");
                    let last = target.check().await.pop().unwrap();
                    assert_eq!(last.outcome, CheckOutcome::Failed);
                }
            }
        }
    }
}
