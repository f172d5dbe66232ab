//! What the pages of a channel have in common.

use usher_core::model::{Channel, SpConnection};

use crate::frame::text::{NAME, plain};
use crate::frame::{Frame, SignedIn, Tab};

/// A page of a channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Overview,
    Cycles,
    Held,
    Plans,
}

const TABS: [(At, &str, &str); 4] = [
    (At::Overview, "Overview", ""),
    (At::Plans, "Plan", "/plans/new"),
    (At::Held, "Held", "/held"),
    (At::Cycles, "Cycles", "/cycles"),
];

/// The frame of a page of a channel.
pub(crate) fn tabs(who: &SignedIn, sp: &SpConnection, channel: &Channel, at: At) -> Frame {
    let tab = |(of, label, end): (At, &str, &str)| Tab {
        label: label.to_owned(),
        href: format!("/channels/{}{end}", channel.id),
        here: of == at,
    };
    Frame::new(who, format!("Channel {}", plain(&channel.name, NAME)))
        .crumb("Channels", "/channels")
        .crumb(
            plain(&sp.name, NAME),
            format!("/sp-connections/{}/activation-summary", sp.id),
        )
        .tabs(TABS.map(tab).into())
}
