//! What a stop found in flight.

use askama::Template;
use axum::response::Response;
use usher_engine::admin::StopReport;

use crate::frame::text::Shown;
use crate::frame::{Fault, Frame, Notice, SignedIn, page};
use crate::steps::verb_words;

struct InFlight {
    id: i64,
    verb: &'static str,
    who: Shown,
    dn: Shown,
}

#[derive(Template)]
#[template(path = "channels/stopped.html")]
struct StoppedPage {
    frame: Frame,
    channels: Vec<Shown>,
    in_flight: Vec<InFlight>,
    back: String,
}

/// The page that says what is stopped, and what was in flight at that moment.
pub(super) fn stopped(
    who: &SignedIn,
    report: &StopReport,
    back: String,
) -> Result<Response, Fault> {
    let in_flight = report.in_flight.iter().map(|step| InFlight {
        id: step.id,
        verb: verb_words(step.verb),
        who: Shown::name(&step.display),
        dn: Shown::line(&step.dn),
    });
    let unwritten = report.unwritten.iter().map(|why| {
        format!("It is not written yet, and is as soon as the state can be written: {why}. Nothing is sent as long as this service runs.")
    });
    page(&StoppedPage {
        frame: Frame::new(who, "Stopped")
            .crumb("Channels", "/channels")
            .notice(Notice::warn(unwritten.collect())),
        channels: report
            .channels
            .iter()
            .map(|name| Shown::name(name))
            .collect(),
        in_flight: in_flight.collect(),
        back,
    })
}
