//! Pages of a list, and the cursors between them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// One page.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    /// The items; may be fewer than asked for although more follow.
    pub(crate) items: Vec<T>,
    /// The cursor of the next page; `None` at the end.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A page that ended at a place, or at the end of the list.
    pub(crate) fn of(items: Vec<T>, list: &str, end: Option<i64>) -> Self {
        Self {
            items,
            next: end.map(|at| cursor(list, at)),
        }
    }
}

/// The cursor of a place in a list.
pub(super) fn cursor(list: &str, at: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{at}"))
}

/// The place of a cursor, if it is one of this list.
pub(super) fn read(list: &str, cursor: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (of, at) = text.split_once(':')?;
    (of == list).then(|| at.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{cursor, read};

    #[test]
    fn a_cursor_leads_back_to_its_place_and_is_of_no_other_list() {
        let next = cursor("steps", 42);
        assert!(!next.contains("42"), "{next}");
        assert_eq!(read("steps", &next), Some(42));
        assert_eq!(read("links", &next), None);
        assert_eq!(read("steps", "c3RlcHM6"), None);
        assert_eq!(read("steps", "?"), None);
    }
}
