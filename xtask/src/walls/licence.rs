//! Licence expressions (SPDX): enough to say whether a list of licences satisfies one.

use anyhow::{Result, bail};

/// Deeper nesting than this is no licence.
const DEPTH: usize = 16;

/// Whether `expression` can be satisfied by the allowed licences alone. `/` is read as `OR`, as older packages wrote it.
///
/// # Errors
/// If it is no licence expression; with what was expected and found.
pub(crate) fn satisfied(expression: &str, allowed: &[String]) -> Result<bool> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced
        .split_whitespace()
        .collect::<Vec<_>>()
        .into_iter()
        .peekable();
    let verdict = either(&mut words, allowed, 0)?;
    match words.next() {
        None => Ok(verdict),
        Some(word) => bail!("`{expression}`: expected `OR`, `AND` or the end, found `{word}`"),
    }
}

type Words<'a> = std::iter::Peekable<std::vec::IntoIter<&'a str>>;

fn either(words: &mut Words, allowed: &[String], depth: usize) -> Result<bool> {
    let mut verdict = both(words, allowed, depth)?;
    while words.next_if_eq(&"OR").is_some() {
        verdict |= both(words, allowed, depth)?;
    }
    Ok(verdict)
}

fn both(words: &mut Words, allowed: &[String], depth: usize) -> Result<bool> {
    let mut verdict = one(words, allowed, depth)?;
    while words.next_if_eq(&"AND").is_some() {
        verdict &= one(words, allowed, depth)?;
    }
    Ok(verdict)
}

fn one(words: &mut Words, allowed: &[String], depth: usize) -> Result<bool> {
    match words.next() {
        Some("(") if depth < DEPTH => {
            let verdict = either(words, allowed, depth + 1)?;
            match words.next() {
                Some(")") => Ok(verdict),
                other => bail!("expected `)`, found `{}`", other.unwrap_or("the end")),
            }
        }
        Some(name) if !["OR", "AND", "WITH", "(", ")"].contains(&name) => {
            let mut name = name.to_owned();
            if words.next_if_eq(&"WITH").is_some() {
                name = format!("{name} WITH {}", words.next().unwrap_or_default());
            }
            Ok(allowed.contains(&name))
        }
        other => bail!("expected a licence, found `{}`", other.unwrap_or("the end")),
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    fn with(expression: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        satisfied(expression, &allowed).unwrap()
    }

    #[test]
    fn one_of_several_is_enough_and_all_of_all_are_needed() {
        assert!(with("MIT OR GPL-3.0", &["MIT"]));
        assert!(with("Apache-2.0/MIT", &["MIT"]));
        assert!(!with("MIT AND BSD-3-Clause", &["MIT"]));
        assert!(with(
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            &["MIT", "Unicode-3.0"]
        ));
        assert!(!with("(MIT OR Apache-2.0) AND Unicode-3.0", &["MIT"]));
        assert!(!with("GPL-3.0", &["MIT"]));
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert!(with("MIT OR Apache-2.0 AND GPL-3.0", &["MIT"]));
        assert!(!with("GPL-3.0 AND MIT OR AGPL-3.0", &["MIT"]));
    }

    #[test]
    fn an_exception_belongs_to_the_licence_before_it() {
        assert!(!with("Apache-2.0 WITH LLVM-exception", &["Apache-2.0"]));
        assert!(with(
            "Apache-2.0 WITH LLVM-exception",
            &["Apache-2.0 WITH LLVM-exception"]
        ));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for expression in ["", "MIT OR", "(MIT", "MIT Apache-2.0", ")", &"(".repeat(40)] {
            assert!(satisfied(expression, &[]).is_err(), "{expression}");
        }
    }
}
