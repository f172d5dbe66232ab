//! What names and passwords must be like.

use super::FieldProblem;

/// Fewest characters of a password.
pub const PASSWORD_LEAST: usize = 12;
/// Most bytes of a password.
pub const PASSWORD_MOST: usize = 1024;
/// Fewest different characters of a password.
const PASSWORD_DIFFERENT: usize = 5;
/// Most characters of a name.
pub const NAME_MOST: usize = 64;
/// Most characters of a text that describes an account or a token.
const TEXT_MOST: usize = 500;
/// Names that mean something else: in the audit log, and as a path of the published interface.
const RESERVED: [&str; 3] = ["engine", "unknown", "changePassword"];

/// Everything that is wrong with a name.
pub(super) fn name(name: &str) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut wrong = |message: String| problems.push(FieldProblem::new("username", message));
    let length = name.chars().count();
    if length == 0 || length > NAME_MOST {
        wrong(format!(
            "expected a name of 1 to {NAME_MOST} characters, found {length}"
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    if let Some(found) = name.chars().find(|c| !allowed(*c)) {
        wrong(format!(
            "expected letters (A to Z), digits and the characters . _ - @ +, found {found:?}"
        ));
    } else if !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        wrong("expected a letter or a digit at the beginning".to_owned());
    }
    if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        wrong(format!(
            "the name `{name}` has a meaning of its own; choose another"
        ));
    }
    problems
}

/// Everything that is wrong with a password for that account; `field` says where it stands.
pub(super) fn password(field: &str, password: &str, name: &str) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut wrong = |message: String| problems.push(FieldProblem::new(field, message));
    let length = password.chars().count();
    if length < PASSWORD_LEAST {
        wrong(format!(
            "expected at least {PASSWORD_LEAST} characters, found {length}; a few words are easy to remember"
        ));
    }
    if password.len() > PASSWORD_MOST {
        wrong(format!(
            "expected at most {PASSWORD_MOST} bytes, found {}",
            password.len()
        ));
    }
    let lower = password.to_lowercase();
    if !name.is_empty() && lower.contains(&name.to_lowercase()) && name.chars().count() > 2 {
        wrong("the password contains the user name; choose another".to_owned());
    }
    let different: std::collections::BTreeSet<char> = password.chars().collect();
    if length >= PASSWORD_LEAST && different.len() < PASSWORD_DIFFERENT {
        wrong(format!(
            "expected at least {PASSWORD_DIFFERENT} different characters, found {}",
            different.len()
        ));
    }
    if password.chars().any(char::is_control) {
        wrong(
            "the password contains a control character, such as a line break or a tab".to_owned(),
        );
    }
    problems
}

/// What is wrong with a text that only describes.
pub(super) fn text(field: &str, text: &str) -> Option<FieldProblem> {
    let length = text.chars().count();
    if length > TEXT_MOST {
        return Some(FieldProblem::new(
            field,
            format!("expected at most {TEXT_MOST} characters, found {length}"),
        ));
    }
    let control = text.chars().find(|c| c.is_control() && *c != '\n')?;
    Some(FieldProblem::new(
        field,
        format!("expected printable text, found the control character {control:?}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problems: &[FieldProblem]) -> String {
        let texts: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
        texts.join("\n")
    }

    #[test]
    fn everything_that_is_wrong_with_a_password_is_said_at_once() {
        assert_eq!(password("password", "seven green boats", "ana"), []);
        let all = password("password", "ana\n", "Ana");
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(told(&all).contains("at least 12 characters, found 4"));
        assert!(told(&all).contains("user name"));
        assert!(told(&all).contains("control character"));
        assert_eq!(password("p", "aaaaaaaaaaaaaaaa", "ben").len(), 1);
        assert_eq!(password("p", &"long text".repeat(200), "ben").len(), 1);
        assert_eq!(password("p", "ab cd ef gh ij kl", "a"), [], "a short name");
        assert!(all.iter().all(|problem| !problem.message.contains("ana")));
    }

    #[test]
    fn names_are_plain_and_not_reserved() {
        for good in ["ana", "Ana.Lopez@example.com", "a-b_c+1", "7"] {
            assert_eq!(name(good), [], "{good}");
        }
        let long = "a".repeat(65);
        for bad in [
            "",
            "-a",
            "a b",
            "a:b",
            "a/b",
            "é",
            "Engine",
            "changepassword",
            &long,
        ] {
            assert_eq!(name(bad).len(), 1, "{bad}: {:?}", name(bad));
        }
        assert_eq!(name(&"é".repeat(65)).len(), 2);
    }

    #[test]
    fn descriptions_are_bounded_and_printable() {
        assert_eq!(text("description", "two\nlines é"), None);
        assert!(text("description", &"x".repeat(501)).is_some());
        assert!(text("description", "\u{1b}[31m").is_some());
    }
}
