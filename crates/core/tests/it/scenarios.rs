//! Replays the stories in `tests/scenarios/*.txt`.
//!
//! A story is a list of commands; the lines after `plan` that begin with `>` are what the planner
//! answers. `USHER_GOLDEN=write cargo test -p usher-core` writes the answers anew: read them before
//! they are kept.
//!
//! ```text
//! rules first_sync configuration_changed user_update=off remove_action=delete domains=example.com
//! user NAME FIELD=VALUE..        a person that we created with these fields
//! group NAME FIELD=VALUE..       the same for a group
//! new user|group NAME            never seen before
//! source in FIELD=VALUE.. | disabled FIELD=VALUE.. | expired FIELD=VALUE.. | out CLAUSE
//!        | gone PROOF | tombstone PROOF | protected RULE | invalid PROBLEM | invalid-disabled PROBLEM
//! candidate ID by=externalId|name|email [active=no] [linked=DN] [owned=CHANNEL] FIELD=VALUE..
//! conflict FIELD=VALUE with DN [incumbent|swap]
//! ownership moves CHANNEL | unclear CHANNEL | ours
//! missing yes|no                 the linked resource is missing at the target
//! copied whole | not-yet WORDS | refused WORDS   the members, to a group that was created anew
//! proven yes|no                  a complete read found it gone again (yes unless said otherwise)
//! target keeps FIELD[=VALUE]     whatever is sent; without a value it drops the field
//! target active=no               somebody suspends the account
//! after N days
//! plan
//! apply                          sends what is not held, and records it
//! approve                        sends everything, and records it
//! ```

use std::fmt::Write as _;
use std::path::PathBuf;

use usher_core::model::{GroupRemoval, GroupRename, RemoveAction, SubjectState};
use usher_core::planner::{
    Candidate, ChannelRules, Conflict, Copied, Ownership, SourceState, SubjectInput, SubjectPlan,
    plan_subject,
};

use crate::telling::{candidate, conflict, kind_of, resource, shown, source};
use crate::world::{self, DAY, FakeTarget, NOW};

#[test]
fn every_story_ends_as_it_is_told() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    files.sort();
    assert!(
        files.len() >= 15,
        "stories are missing in {}",
        folder.display()
    );
    let mut wrong = Vec::new();
    for path in files {
        let told = std::fs::read_to_string(&path).unwrap();
        let played = Story::new().play(&told);
        if std::env::var_os("USHER_GOLDEN").is_some_and(|mode| mode == "write") {
            std::fs::write(&path, &played).unwrap();
        } else if played != told {
            wrong.push(format!("{}:\n{played}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "these stories end differently:\n{}",
        wrong.join("\n")
    );
}

struct Story {
    rules: ChannelRules,
    subject: usher_core::model::Subject,
    target: FakeTarget,
    source: SourceState,
    candidates: Vec<Candidate>,
    conflict: Option<Conflict>,
    ownership: Ownership,
    missing: bool,
    copied: Option<Copied>,
    proven: bool,
    now: i64,
    plan: Option<SubjectPlan>,
}

impl Story {
    fn new() -> Self {
        Self {
            rules: world::rules(),
            subject: world::user("nobody"),
            target: FakeTarget::default(),
            source: world::out(),
            candidates: Vec::new(),
            conflict: None,
            ownership: Ownership::Ours,
            missing: false,
            copied: None,
            proven: true,
            now: NOW,
            plan: None,
        }
    }

    fn play(mut self, text: &str) -> String {
        let mut out = String::new();
        for line in text.lines().filter(|line| !line.starts_with('>')) {
            out.push_str(line);
            out.push('\n');
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
            if command == "plan" {
                self.plan(&mut out);
            } else {
                self.obey(command, rest);
            }
        }
        out
    }

    fn obey(&mut self, command: &str, rest: &str) {
        match command {
            "rules" => rest.split_whitespace().for_each(|rule| self.rule(rule)),
            "user" | "group" => self.known(command, rest),
            "new" => {
                let (kind, name) = rest.split_once(' ').unwrap();
                self.subject = world::subject(kind_of(kind), name);
                self.target = FakeTarget::default();
                self.candidates.clear();
                self.conflict = None;
            }
            "source" => self.source = source(rest),
            "candidate" => {
                let kind = self.subject.kind;
                self.candidates.push(candidate(kind, rest));
            }
            "conflict" => self.conflict = Some(conflict(rest)),
            "ownership" => {
                let (how, channel) = rest.split_once(' ').unwrap_or((rest, ""));
                let channel = channel.to_owned();
                self.ownership = match how {
                    "moves" => Ownership::MovesTo { channel },
                    "unclear" => Ownership::Unclear { channel },
                    "ours" => Ownership::Ours,
                    other => panic!("ownership {other}"),
                };
            }
            "missing" => self.missing = rest == "yes",
            "copied" => {
                let (how, words) = rest.split_once(' ').unwrap_or((rest, ""));
                let reason = words.to_owned();
                self.copied = match how {
                    "whole" => Some(Copied::Whole),
                    "not-yet" => Some(Copied::NotYet { reason }),
                    "refused" => Some(Copied::Refused { reason }),
                    other => panic!("copied {other}"),
                };
            }
            "proven" => self.proven = rest == "yes",
            "target" => self.bend(rest),
            "after" => {
                let days: i64 = rest.split(' ').next().unwrap().parse().unwrap();
                self.now += days * DAY;
            }
            "apply" => self.send(false),
            "approve" => self.send(true),
            other => panic!("unknown command {other}"),
        }
    }

    fn rule(&mut self, rule: &str) {
        let rules = &mut self.rules;
        let (name, value) = rule.split_once('=').unwrap_or((rule, "on"));
        let on = value == "on";
        match name {
            "first_sync" => rules.first_sync = on,
            "configuration_changed" => rules.configuration_changed = on,
            "user_create" => rules.options.user_create = on,
            "user_update" => rules.options.user_update = on,
            "user_disable" => rules.options.user_disable = on,
            "provision_disabled" => rules.options.provision_disabled = on,
            "remove_action" => {
                rules.options.remove_action = match value {
                    "delete" => RemoveAction::Delete,
                    _ => RemoveAction::Disable,
                };
            }
            "recreate_missing" => rules.policy.recreate_missing = on,
            "domains" => {
                rules.policy.email_domains = value.split(',').map(str::to_owned).collect();
            }
            "group_removal" => {
                rules.policy.group_removal = match value {
                    "empty" => GroupRemoval::Empty,
                    "delete" => GroupRemoval::Delete,
                    _ => GroupRemoval::Keep,
                };
            }
            "group_rename" => {
                rules.policy.group_rename = match value {
                    "create_copy_delete" => GroupRename::CreateCopyDelete,
                    "fail" => GroupRename::Fail,
                    _ => GroupRename::Keep,
                };
            }
            other => panic!("unknown rule {other}"),
        }
    }

    fn known(&mut self, kind: &str, rest: &str) {
        let (name, fields) = rest.split_once(' ').unwrap_or((rest, ""));
        let subject = world::subject(kind_of(kind), name);
        self.conflict = None;
        let calm = world::rules();
        (self.subject, self.target) = world::linked(&calm, subject, resource(fields));
    }

    fn bend(&mut self, rest: &str) {
        if let Some(active) = rest.strip_prefix("active=") {
            self.target.active = Some(active == "yes");
            self.subject.shadow.active = self.target.active;
            return;
        }
        let kept = rest.strip_prefix("keeps ").expect("target keeps ..");
        let (field, value) = match kept.split_once('=') {
            Some((field, value)) => (field, Some(value.to_owned())),
            None => (kept, None),
        };
        self.target.keeps.insert(field.to_owned(), value);
    }

    fn plan(&mut self, out: &mut String) {
        let plan = plan_subject(&SubjectInput {
            rules: &self.rules,
            subject: self.subject.clone(),
            source: self.source.clone(),
            candidates: self.candidates.clone(),
            conflicts: self.conflict.iter().cloned().collect(),
            ownership: self.ownership.clone(),
            missing_at_target: self.missing,
            scope_group: None,
            absence_doubt: None,
            copied: self.copied.clone(),
            proven_again: self.proven,
            now: self.now,
        });
        let state = plan.subject.state.as_str();
        let situation = serde_json::to_value(plan.situation).unwrap();
        writeln!(
            out,
            "> {}, {}, {state}: {}",
            situation.as_str().unwrap(),
            plan.verdict.as_str(),
            plan.reason
        )
        .unwrap();
        for step in &plan.steps {
            writeln!(out, ">   {}", shown(step)).unwrap();
        }
        if let Some(at) = plan.subject.next_at {
            writeln!(out, ">   looks again after {} days", (at - self.now) / DAY).unwrap();
        }
        self.subject = plan.subject.clone();
        self.plan = Some(plan);
    }

    fn send(&mut self, approved: bool) {
        let plan = self.plan.take().expect("a plan first");
        if self.missing {
            self.target.id = None;
        }
        self.subject = world::apply(&self.rules, &plan, &mut self.target, approved, self.now);
        if self.subject.state != SubjectState::Pending {
            self.candidates.clear();
        }
        self.missing = false;
    }
}
