//! Which known name was probably meant.

/// The known name that is closest, if it is close.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .map(|known| (distance(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= allowed)
        .map(|(_, known)| known)
}

/// How many characters must be added, removed or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (above, ca) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = above + 1;
        next.push(left);
        for (pair, cb) in row.windows(2).zip(&b) {
            let &[diagonal, up] = pair else { continue };
            left = (diagonal + usize::from(ca != *cb))
                .min(up + 1)
                .min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn close_names_are_proposed_and_far_ones_are_not() {
        assert_eq!(distance("levle", "level"), 2);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
        let known = ["level", "format"];
        assert_eq!(nearest("levl", known.into_iter()), Some("level"));
        assert_eq!(nearest("frmat", known.into_iter()), Some("format"));
        assert_eq!(nearest("password", known.into_iter()), None);
    }
}
