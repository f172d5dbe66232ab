//! Changing the configuration, with refusals in this face's form.

use axum::http::StatusCode;
use usher_core::model::Configuration;
use usher_engine::admin::{Admin, Asking, Changed, Doubt, How, Impatient, Leave, NotChanged};

use super::problem::Problem;
use crate::told::told;

/// Saves a change that gives nothing another access and drops no channel; the configuration as it is now.
pub(super) async fn saved(
    admin: &Admin,
    make: impl Fn(&Configuration) -> Result<Configuration, Problem>,
) -> Result<Configuration, Problem> {
    let how = How {
        asking: Asking::Nothing,
        leave: Leave::Any,
        counts_as_seen: false,
        tell: told,
    };
    let make = |before: &Configuration| Ok((make(before)?, ()));
    let nobody = |_: Vec<Doubt>| Problem::invalid(Vec::new());
    let changed = changed(admin, how, make, nobody).await?;
    Ok(changed.configuration)
}

/// Makes a change and saves it.
pub(super) async fn changed<T>(
    admin: &Admin,
    how: How,
    make: impl Fn(&Configuration) -> Result<(Configuration, T), Problem>,
    doubtful: impl FnOnce(Vec<Doubt>) -> Problem,
) -> Result<Changed<T>, Problem> {
    let changed = admin.change(how, make).await;
    changed.map_err(|why| match why {
        NotChanged::Made(problem) => problem,
        NotChanged::Doubts(doubts) => doubtful(doubts),
        NotChanged::Impatient(why) => impatient(why),
        NotChanged::Engine(error) => error.into(),
    })
}

/// Nobody answered in time.
pub(super) fn impatient(why: Impatient) -> Problem {
    match why {
        Impatient::TooMany => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_at_once",
            why.to_string(),
        )
        .retry_after(5),
        Impatient::TooLong => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "took_too_long",
            why.to_string(),
        )
        .hint("a plan is made in the background and has no such limit"),
    }
}
