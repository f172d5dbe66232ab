//! Short excerpts of text that came from outside.

/// The longest text kept from a reply, in characters.
pub const EXCERPT_CHARS: usize = 500;

/// Trims, folds every run of white space and control characters into one space, and cuts after `limit` characters; a cut is
/// marked with an ellipsis character.
///
/// ```
/// assert_eq!(usher_scim::text::excerpt("  a\r\n\tb  ", 10), "a b");
/// assert_eq!(usher_scim::text::excerpt("abcdef", 3), "abc…");
/// ```
pub fn excerpt(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut kept = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = !out.is_empty();
            continue;
        }
        if kept + usize::from(gap) >= limit {
            out.push('…');
            break;
        }
        if gap {
            out.push(' ');
            kept += 1;
            gap = false;
        }
        out.push(c);
        kept += 1;
    }
    out
}

/// The text of an HTML page without its tags, scripts and styles, as an [`excerpt`]. This is for showing an error page to a
/// person; it is no HTML parser.
pub fn excerpt_html(html: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut rest = html;
    // Past this much text the excerpt is certainly full.
    while out.len() < limit.saturating_mul(8) {
        let Some((before, tag)) = rest.split_once('<') else {
            out.push_str(rest);
            break;
        };
        out.push_str(before);
        out.push(' ');
        rest = after_tag(tag);
    }
    excerpt(&out, limit)
}

/// What follows the tag that starts at `tag` (after its `<`); a script or style is skipped with its content.
fn after_tag(tag: &str) -> &str {
    for (name, end) in [("script", "</script"), ("style", "</style"), ("!--", "-->")] {
        let opens = tag
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        if opens {
            let rest = find_ignore_case(tag, end)
                .and_then(|at| tag.get(at..))
                .unwrap_or("");
            return rest.split_once('>').map_or("", |(_, rest)| rest);
        }
    }
    tag.split_once('>').map_or("", |(_, rest)| rest)
}

fn find_ignore_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes()
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_html_page_gives_its_words_only() {
        let page = "<html><style>p{}</style><SCRIPT>x<y</SCRIPT><body><h1>502 Bad\n Gateway</h1><!-- n --><hr>nginx";
        assert_eq!(excerpt_html(page, 100), "502 Bad Gateway nginx");
    }

    #[test]
    fn a_cut_falls_between_characters_and_is_marked() {
        assert_eq!(excerpt("äöü äöü", 5), "äöü ä…");
        assert_eq!(excerpt("", 5), "");
        assert_eq!(excerpt("abc   ", 3), "abc");
    }
}
