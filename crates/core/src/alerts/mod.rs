//! What needs a person, judged from facts; and how that is told.
//!
//! Pure: the same facts give the same alerts. An alert is judged by state and not by events, so it does no harm
//! to judge it again or to miss a moment.

mod check;
mod evaluate;
mod facts;
mod message;

pub use check::{WEBHOOK_SECRET, problems, webhook_url};
pub use evaluate::{KEY_STAGES_DAYS, evaluate};
pub use facts::{ChannelFacts, ConnectionFacts, Facts};
pub use message::{Happening, Message, utc};

#[cfg(test)]
mod tests;
