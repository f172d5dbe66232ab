//! Changing what stands beside a channel: its policy and its name.

use usher_core::model::{ChannelId, Configuration, GuardLimits, Limit, Policy, Protected};
use usher_directory::{Dn, Filter};

use super::Admin;

/// Requests per second that can be meant: from one in a hundred seconds.
const RATES: std::ops::RangeInclusive<f64> = 0.01..=1_000_000.0;

/// Something wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyProblem {
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// What was expected, what was found.
    pub message: String,
}

/// Everything that is wrong with a policy.
pub fn policy_problems(policy: &Policy) -> Vec<PolicyProblem> {
    let mut check = Check::default();
    check.guards(&policy.guards);
    check.limit("/target_replaced", &policy.target_replaced);
    check.protected("/protected", &policy.protected);
    check.protected("/exclude", &policy.exclude);
    check.dns("/sentinels", &policy.sentinels);
    check.dns("/further_group_dns", &policy.further_group_dns);
    for (index, domain) in policy.email_domains.iter().enumerate() {
        if domain.is_empty() || domain.contains(['@', ' ']) {
            let message = format!("expected a domain such as `example.com`, found `{domain}`");
            check.say(&format!("/email_domains/{index}"), message);
        }
    }
    for (pointer, number, least) in [
        ("/approval_hours", policy.approval_hours, 1),
        (
            "/schedule/incremental_seconds",
            policy.schedule.incremental_seconds,
            1,
        ),
        ("/schedule/full_seconds", policy.schedule.full_seconds, 60),
    ] {
        if number < least {
            check.say(
                pointer,
                format!("expected at least {least}, found {number}"),
            );
        }
    }
    let rate = policy.load.requests_per_second;
    if let Some(rate) = rate.filter(|rate| *rate != 0.0 && !RATES.contains(rate)) {
        let (least, most) = (RATES.start(), RATES.end());
        let message =
            format!("expected 0 (no limit) or a number from {least} to {most}, found {rate}");
        check.say("/load/requests_per_second", message);
    }
    for (pointer, number) in [
        ("/load/in_flight", policy.load.in_flight),
        ("/load/member_batch", policy.load.member_batch),
    ] {
        if number == Some(0) {
            check.say(
                pointer,
                "expected at least 1, or nothing for the default".to_owned(),
            );
        }
    }
    check.0
}

#[derive(Default)]
struct Check(Vec<PolicyProblem>);

impl Check {
    fn say(&mut self, pointer: &str, message: String) {
        self.0.push(PolicyProblem {
            pointer: pointer.to_owned(),
            message,
        });
    }

    fn guards(&mut self, guards: &GuardLimits) {
        for (name, limit) in [
            ("removals_by_absence", &guards.removals_by_absence),
            ("removals_by_evidence", &guards.removals_by_evidence),
            ("enables", &guards.enables),
            ("user_deletes", &guards.user_deletes),
            ("members_lost", &guards.members_lost),
            ("members_gained", &guards.members_gained),
            ("creates", &guards.creates),
            ("attribute_changed", &guards.attribute_changed),
            ("attribute_cleared", &guards.attribute_cleared),
            ("identity_changed", &guards.identity_changed),
        ] {
            self.limit(&format!("/guards/{name}"), limit);
        }
        self.percent("/guards/container_percent", guards.container_percent);
        self.percent("/guards/shrunk_percent", guards.shrunk_percent);
    }

    fn limit(&mut self, pointer: &str, limit: &Limit) {
        self.percent(&format!("{pointer}/percent"), limit.percent);
    }

    fn percent(&mut self, pointer: &str, percent: f64) {
        if !(0.0..=100.0).contains(&percent) {
            let message = format!("expected a percentage from 0 to 100, found {percent}");
            self.say(pointer, message);
        }
    }

    fn protected(&mut self, pointer: &str, rules: &Protected) {
        self.dns(&format!("{pointer}/dns"), &rules.dns);
        if let Some(Err(error)) = rules.filter.as_deref().map(Filter::parse) {
            self.say(&format!("{pointer}/filter"), error.to_string());
        }
    }

    fn dns(&mut self, pointer: &str, dns: &[String]) {
        for (index, text) in dns.iter().enumerate() {
            if let Err(error) = Dn::parse(text) {
                self.say(&format!("{pointer}/{index}"), format!("`{text}`: {error}"));
            }
        }
    }
}

impl Admin {
    /// The configuration with another policy for a channel, or everything that is wrong with it.
    /// Nothing is saved.
    pub fn with_policy(
        &self,
        configuration: &Configuration,
        channel: &ChannelId,
        policy: &Policy,
    ) -> Result<Configuration, Vec<PolicyProblem>> {
        let problems = policy_problems(policy);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut changed = configuration.clone();
        for sp in &mut changed.sp_connections {
            for known in sp.channels.iter_mut().filter(|known| known.id == *channel) {
                known.policy = policy.clone();
            }
        }
        Ok(changed)
    }

    /// The configuration with another name for a channel: its id, and with it its links, stay. The
    /// problem says what is wrong with the name. Nothing is saved.
    pub fn with_name(
        &self,
        configuration: &Configuration,
        channel: &ChannelId,
        name: &str,
    ) -> Result<Configuration, String> {
        if name.trim() != name || name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(format!(
                "expected 1 to {LONGEST_NAME} characters without space at either end, found `{name}`"
            ));
        }
        if name.chars().any(char::is_control) {
            return Err("expected one line".to_owned());
        }
        let mut changed = configuration.clone();
        for sp in &mut changed.sp_connections {
            let is_here = sp.channels.iter().any(|known| known.id == *channel);
            if !is_here {
                continue;
            }
            let taken = |known: &usher_core::model::Channel| {
                known.id != *channel && known.name.to_lowercase() == name.to_lowercase()
            };
            if sp.channels.iter().any(taken) {
                return Err(format!(
                    "SP connection `{}` has a channel `{name}` already",
                    sp.name
                ));
            }
            for known in sp.channels.iter_mut().filter(|known| known.id == *channel) {
                name.clone_into(&mut known.name);
            }
        }
        Ok(changed)
    }
}

/// Longest name of a channel, in characters.
const LONGEST_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use usher_core::model::{Limit, Policy};

    use super::policy_problems;

    #[test]
    fn a_rate_is_none_or_one_that_can_be_meant() {
        let problems = |rate: f64| {
            let mut policy = Policy::default();
            policy.load.requests_per_second = Some(rate);
            policy_problems(&policy).len()
        };
        for rate in [0.0, 0.01, 5.0, 1_000_000.0] {
            assert_eq!(problems(rate), 0, "{rate}");
        }
        for rate in [1e-300, 0.009, -1.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(problems(rate), 1, "{rate}");
        }
    }

    #[test]
    fn the_default_policy_is_sound_and_everything_wrong_with_another_is_told_with_its_place() {
        assert_eq!(policy_problems(&Policy::default()), []);
        let mut policy = Policy::default();
        policy.guards.creates = Limit::new(1, 101.0, None);
        policy.protected.filter = Some("(uid=ana".to_owned());
        policy.exclude.dns = vec!["dc=example".to_owned(), "nonsense".to_owned()];
        policy.email_domains = vec!["ana@example.com".to_owned()];
        policy.approval_hours = 0;
        policy.load.in_flight = Some(0);
        let places: Vec<String> = policy_problems(&policy)
            .into_iter()
            .map(|problem| problem.pointer)
            .collect();
        assert_eq!(
            places,
            [
                "/guards/creates/percent",
                "/protected/filter",
                "/exclude/dns/1",
                "/email_domains/0",
                "/approval_hours",
                "/load/in_flight",
            ]
        );
    }
}
