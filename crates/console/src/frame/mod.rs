//! What all pages have in common.

pub(crate) mod assets;
pub(crate) mod fault;
pub(crate) mod headers;
pub(crate) mod href;
pub(crate) mod nav;
pub(crate) mod page;
pub(crate) mod text;
pub(crate) mod when;
pub(crate) mod who;

pub(crate) use fault::Fault;
pub(crate) use href::{href, patient};
pub(crate) use page::{Done, Frame, Notice, Tab, page, page_as, see, see_done};
pub(crate) use text::Shown;
pub(crate) use who::{Posted, SignedIn};
