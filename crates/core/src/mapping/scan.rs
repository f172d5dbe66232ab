//! Which filters, tests and attribute subscripts an expression names.
//!
//! The expression engine finds an unknown filter only when it gets there, so a branch that is
//! seldom taken would hide it. This looks at the text instead. It runs on text that is known to
//! parse, and a miss costs no more than a later message.

/// A name that an expression uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Used {
    /// `| name`
    Filter(String),
    /// `is name`
    Test(String),
    /// `attr['name']` or `all['name']`
    Subscript(String),
}

/// Finds the names with their byte offsets.
pub(super) fn names(expression: &str) -> Vec<(Used, usize)> {
    let mut scanner = Scanner {
        text: expression,
        pos: 0,
    };
    let mut found = Vec::new();
    while let Some(c) = scanner.peek() {
        match c {
            '\'' | '"' => {
                scanner.string();
            }
            '|' => {
                scanner.bump();
                scanner.space();
                let at = scanner.pos;
                let name = scanner.word();
                if !name.is_empty() {
                    found.push((Used::Filter(name.to_owned()), at));
                }
            }
            c if is_word(c) => scanner.after_word(&mut found),
            _ => scanner.bump(),
        }
    }
    found
}

/// How large an expression is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Words, strings and signs: a bound on the depth of its tree.
    pub(super) tokens: usize,
    /// Brackets inside brackets, at most.
    pub(super) depth: usize,
}

/// Measures without recursion.
pub(super) fn size(expression: &str) -> Size {
    let mut scanner = Scanner {
        text: expression,
        pos: 0,
    };
    let mut size = Size::default();
    let mut open: usize = 0;
    while let Some(c) = scanner.peek() {
        match c {
            '\'' | '"' => {
                scanner.string();
            }
            c if c.is_whitespace() => {
                scanner.bump();
                continue;
            }
            c if is_word(c) => {
                scanner.word();
            }
            c => {
                match c {
                    '(' | '[' | '{' => open += 1,
                    ')' | ']' | '}' => open = open.saturating_sub(1),
                    _ => {}
                }
                size.depth = size.depth.max(open);
                scanner.bump();
            }
        }
        size.tokens += 1;
    }
    size
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

struct Scanner<'a> {
    text: &'a str,
    pos: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.pos += self.peek().map_or(0, char::len_utf8);
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        self.pos += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Skips a string literal and gives its text, escapes left as they are.
    fn string(&mut self) -> &'a str {
        let quote = self.peek();
        self.bump();
        let start = self.pos;
        while let Some(c) = self.peek() {
            if Some(c) == quote {
                let text = self.text.get(start..self.pos).unwrap_or_default();
                self.bump();
                return text;
            }
            if c == '\\' {
                self.bump();
            }
            self.bump();
        }
        self.text.get(start..).unwrap_or_default()
    }

    fn after_word(&mut self, found: &mut Vec<(Used, usize)>) {
        match self.word() {
            "is" => {
                self.space();
                let mut at = self.pos;
                let mut name = self.word();
                if name == "not" {
                    self.space();
                    at = self.pos;
                    name = self.word();
                }
                if !name.is_empty() {
                    found.push((Used::Test(name.to_owned()), at));
                }
            }
            "attr" | "all" if self.peek() == Some('[') => {
                self.bump();
                self.space();
                let at = self.pos;
                if matches!(self.peek(), Some('\'' | '"')) {
                    found.push((Used::Subscript(self.string().to_owned()), at));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        names(text)
            .into_iter()
            .map(|(used, at)| format!("{used:?}@{at}"))
            .collect()
    }

    #[test]
    fn filters_tests_and_subscripts_are_found_outside_of_strings() {
        assert_eq!(
            shown("a|lower if b is not defined else attr['x-y'] | upper ~ '| no is no'"),
            [
                "Filter(\"lower\")@2",
                "Test(\"defined\")@20",
                "Subscript(\"x-y\")@38",
                "Filter(\"upper\")@47",
            ]
        );
    }

    #[test]
    fn the_size_counts_words_strings_signs_and_nesting() {
        let measured = size("a | split('x (y')[(0)] ~\n--b");
        assert_eq!((measured.tokens, measured.depth), (15, 2));
    }

    #[test]
    fn escaped_quotes_and_unfinished_strings_end_well() {
        assert_eq!(shown(r"'it\'s | x' | lower"), ["Filter(\"lower\")@14"]);
        assert!(shown("'never ends | x").is_empty());
        assert!(shown("'\\").is_empty());
    }
}
