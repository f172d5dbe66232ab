//! "Read up to here", as text that only this connector understands.

use serde::{Deserialize, Serialize};
use usher_core::model::{ChangeDetection, Hash128, Millis, Watermark};
use usher_directory::Filter;
use usher_directory::compare::{unix_ms_to_ad_time, unix_ms_to_generalized_time};

use crate::session::Facts;
use crate::settings::Settings;

/// Time stamps have a resolution of one second, and change on several servers.
const OVERLAP_MS: i64 = 60_000;

/// How far this machine's clock may be ahead of the server's, where the server does not tell its time.
const CLOCK_DIFFERENCE_MS: i64 = 5 * 60_000;

/// A watermark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    /// Where the next delta starts.
    pub(crate) point: Point,
    /// What decides who is read; another base is another reading.
    pub(crate) base: String,
    /// The members of the scope groups of the users and of the groups, as one hash each.
    pub(crate) users: Option<Hash128>,
    /// See `users`.
    pub(crate) groups: Option<Hash128>,
    /// When the host had last changed, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<Millis>,
}

/// A moment in the life of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Point {
    /// By time stamp, UTC milliseconds; the same on every host.
    Timestamp {
        /// When.
        at: Millis,
    },
    /// By update sequence number, which every controller counts for itself.
    Usn {
        /// The highest number at that moment.
        highest: u64,
        /// Who counts.
        controller: String,
    },
}

impl Mark {
    /// Reads a watermark; `None` for one that is not ours, which means a full read.
    pub(crate) fn parse(watermark: &Watermark) -> Option<Self> {
        serde_json::from_str(&watermark.0).ok()
    }

    /// Where a delta starts. When the directory changed since, it changed after the last change seen
    /// then: that holds however wrong this machine's clock was.
    pub(crate) fn start(&self, last_change: Option<Millis>) -> Point {
        match (&self.point, self.change) {
            (Point::Timestamp { at }, Some(seen)) if last_change > self.change => {
                Point::Timestamp { at: seen.min(*at) }
            }
            (Point::Timestamp { .. } | Point::Usn { .. }, _) => self.point.clone(),
        }
    }

    /// Whether what gave this mark lacks changes that what gave the other had: a replica that is behind,
    /// or a restored copy. Only where the directory itself tells.
    pub(crate) fn is_older(&self, than: &Self) -> bool {
        match (&self.point, &than.point) {
            (Point::Timestamp { .. }, Point::Timestamp { .. }) => {
                self.change.is_some() && self.change < than.change
            }
            (
                Point::Usn {
                    highest,
                    controller,
                },
                Point::Usn {
                    highest: seen,
                    controller: same,
                },
            ) => controller == same && highest < seen,
            (Point::Timestamp { .. }, Point::Usn { .. })
            | (Point::Usn { .. }, Point::Timestamp { .. }) => false,
        }
    }

    /// The text to keep.
    pub(crate) fn print(&self) -> Option<Watermark> {
        serde_json::to_string(self).ok().map(Watermark)
    }
}

impl Point {
    /// The present moment; `None` when neither the host nor a clock tells it. Then every read is full.
    ///
    /// Never from the stamps of entries: one from the future would hide every change until then.
    pub(crate) fn now(settings: &Settings, facts: &Facts) -> Option<Self> {
        if settings.source.change_detection == ChangeDetection::ActiveDirectoryUsn {
            let (highest, controller) = facts.usn.clone()?;
            return Some(Self::Usn {
                highest,
                controller,
            });
        }
        let clock = settings.clock.as_ref().map(|clock| (clock.0)());
        let at = match (facts.server_time, clock, facts.last_change) {
            (Some(server), ..) => server,
            // Whatever is stamped later than the last change is new. The clock bounds it from below, so
            // that the entries of one large import are not read again for ever, and from above.
            (None, Some(now), Some(change)) => change.clamp(now - CLOCK_DIFFERENCE_MS, now),
            (None, Some(now), None) => now - CLOCK_DIFFERENCE_MS,
            (None, None, change) => change?,
        };
        Some(Self::Timestamp { at })
    }

    /// Whether a delta from this point to that one is possible.
    pub(crate) fn leads_to(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Timestamp { at }, Self::Timestamp { at: now }) => at <= now,
            (
                Self::Usn {
                    highest,
                    controller,
                },
                Self::Usn {
                    highest: now,
                    controller: same,
                },
            ) => highest <= now && controller == same,
            (Self::Timestamp { .. }, Self::Usn { .. })
            | (Self::Usn { .. }, Self::Timestamp { .. }) => false,
        }
    }

    /// What has changed since, as a filter.
    pub(crate) fn since(&self, settings: &Settings) -> Filter {
        match self {
            Self::Timestamp { at } => {
                // Whole seconds: not every server compares fractions.
                let from = (at - OVERLAP_MS).div_euclid(1_000) * 1_000;
                let text = if settings.is_ad() {
                    unix_ms_to_ad_time(from)
                } else {
                    unix_ms_to_generalized_time(from)
                };
                Filter::at_least(settings.source.timestamp_attribute.as_str(), text)
            }
            Self::Usn { highest, .. } => {
                let attribute = settings
                    .source
                    .usn_attribute
                    .as_deref()
                    .unwrap_or("uSNChanged");
                Filter::at_least(attribute, highest.saturating_add(1).to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_connector::SourceSettings;

    use super::*;

    fn usn(highest: u64, controller: &str) -> Point {
        Point::Usn {
            highest,
            controller: controller.into(),
        }
    }

    #[test]
    fn a_number_of_another_controller_or_one_that_went_back_is_no_start() {
        assert!(usn(5, "a").leads_to(&usn(5, "a")));
        assert!(!usn(5, "a").leads_to(&usn(9, "b")));
        assert!(!usn(5, "a").leads_to(&usn(4, "a")));
        let (early, late) = (Point::Timestamp { at: 1 }, Point::Timestamp { at: 2 });
        assert!(early.leads_to(&late));
        assert!(!late.leads_to(&early), "the clock went back");
        assert!(!usn(1, "a").leads_to(&late));
    }

    #[test]
    fn what_has_changed_is_asked_for_by_the_attribute_that_is_named() {
        use usher_core::model::{
            DataStore, DataStoreId, DataStoreKind, Dates, DirectoryKind, Kept, LdapStore, Location,
            Policy,
        };
        let id = DataStoreId::new("corp");
        let directory = DirectoryKind::ActiveDirectory;
        let people = Location {
            filter: Some("(cn=*)".to_owned()),
            ..Location::default()
        };
        let mut settings = SourceSettings {
            data_store: DataStore {
                id: id.clone(),
                name: "Corporate".into(),
                kind: DataStoreKind::Ldap(LdapStore {
                    hosts: vec!["127.0.0.1".into()],
                    ..LdapStore::default()
                }),
                directory,
                mask_values_in_log: false,
                dates: Dates::default(),
                kept: Kept::default(),
            },
            password: None,
            authorities: Vec::new(),
            source: usher_core::templates::defaults_for(directory).source(id, "dc=x"),
            policy: Policy::default(),
        };
        settings.source.users = people;
        let mut asked = |change: ChangeDetection, stamp: &str, number: &str| {
            settings.source.change_detection = change;
            settings.source.timestamp_attribute = stamp.to_owned();
            settings.source.usn_attribute = Some(number.to_owned());
            let compiled = Settings::compile(&settings).expect("settings");
            let facts = Facts {
                host: String::new(),
                root: usher_ldap::RootDse::default(),
                context: None,
                server_time: Some(1_700_000_000_000),
                last_change: None,
                usn: Some((41, "dc1".to_owned())),
            };
            let point = Point::now(&compiled, &facts).expect("a point");
            point.since(&compiled).to_string()
        };
        let (stamps, numbers) = (
            ChangeDetection::Timestamp,
            ChangeDetection::ActiveDirectoryUsn,
        );
        let found = [
            asked(stamps, "whenChanged", "uSNChanged"),
            asked(stamps, "modifyTimestamp", "uSNChanged"),
            asked(numbers, "whenChanged", "uSNChanged"),
            asked(numbers, "whenChanged", "counter"),
        ];
        let names = ["whenChanged", "modifyTimestamp", "uSNChanged", "counter"];
        for (filter, name) in found.iter().zip(names) {
            assert!(filter.starts_with(&format!("({name}>=")), "{found:?}");
        }
        assert_eq!(found[3], "(counter>=42)");
    }

    fn mark(at: i64, change: Option<i64>) -> Mark {
        Mark {
            point: Point::Timestamp { at },
            base: "dc=x".into(),
            users: None,
            groups: None,
            change,
        }
    }

    #[test]
    fn a_delta_starts_at_the_last_change_seen_when_the_clock_ran_ahead() {
        let ahead = mark(9_000, Some(100));
        assert_eq!(ahead.start(Some(200)), Point::Timestamp { at: 100 });
        assert_eq!(ahead.start(Some(100)), ahead.point, "nothing changed");
        assert_eq!(ahead.start(None), ahead.point);
        assert_eq!(
            mark(50, Some(100)).start(Some(200)),
            Point::Timestamp { at: 50 }
        );
    }

    #[test]
    fn a_directory_whose_last_change_went_back_is_an_older_one() {
        assert!(mark(9, Some(1)).is_older(&mark(5, Some(2))));
        assert!(!mark(9, Some(2)).is_older(&mark(5, Some(2))));
        assert!(
            !mark(1, None).is_older(&mark(5, Some(2))),
            "it does not say"
        );
        let of = |point| Mark {
            point,
            ..mark(0, None)
        };
        assert!(of(usn(4, "a")).is_older(&of(usn(5, "a"))));
        assert!(
            !of(usn(4, "b")).is_older(&of(usn(5, "a"))),
            "another counts for itself"
        );
    }

    #[test]
    fn a_watermark_is_read_back_and_anything_else_is_none() {
        let mark = Mark {
            point: usn(7, "x"),
            base: "dc=x".into(),
            users: Some(Hash128([3; 16])),
            groups: None,
            change: None,
        };
        let text = mark.print().expect("JSON");
        assert_eq!(Mark::parse(&text), Some(mark));
        assert_eq!(Mark::parse(&Watermark("20240101".into())), None);
    }
}
