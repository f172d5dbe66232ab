//! Every statement, as constants. Rows come as one JSON list: `?1` is taken apart by `json_each`,
//! a row by `value ->> column`.

/// Names statements, and lists them for the test that prepares each one.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// The same row so many times as a statement with rows as parameters takes at once ([`ROWS`]).
macro_rules! rows {
    ($row:literal) => {
        concat!(
            $crate::sql::eight!($row),
            ",",
            $crate::sql::eight!($row),
            ",",
            $crate::sql::eight!($row),
            ",",
            $crate::sql::eight!($row)
        )
    };
}
macro_rules! eight {
    ($row:literal) => {
        concat!(
            $row, ",", $row, ",", $row, ",", $row, ",", $row, ",", $row, ",", $row, ",", $row
        )
    };
}
use eight;

/// Rows that a statement with rows as parameters takes at once.
pub(crate) const ROWS: usize = 32;

pub(crate) mod admin;
pub(crate) mod alerts;
pub(crate) mod cycle;
pub(crate) mod drafts;
pub(crate) mod index;
pub(crate) mod maintenance;
pub(crate) mod member;
pub(crate) mod operators;
pub(crate) mod release;
pub(crate) mod scope;
pub(crate) mod send;
pub(crate) mod sent;
pub(crate) mod step;
pub(crate) mod subject;
pub(crate) mod write;

/// Every statement of every module.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        admin::ALL,
        alerts::ALL,
        cycle::ALL,
        drafts::ALL,
        index::ALL,
        maintenance::ALL,
        member::ALL,
        operators::ALL,
        release::ALL,
        scope::ALL,
        send::ALL,
        sent::ALL,
        step::ALL,
        subject::ALL,
        write::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
