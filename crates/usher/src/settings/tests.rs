use std::path::PathBuf;

use super::keys::KEYS;
use super::{Given, Settings};
use crate::failure::Failure;

fn given(toml: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Given) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usher.toml");
    std::fs::write(&file, toml).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let given = Given {
        file: Some(file),
        state: None,
        variables: variables.collect(),
        user: "ana".to_owned(),
    };
    (folder, given)
}

fn problems(toml: &str, variables: &[(&str, &str)]) -> Failure {
    let (_folder, given) = given(toml, variables);
    Settings::load(&given).unwrap_err()
}

#[test]
fn without_a_file_every_default_applies() {
    let settings = Settings::load(&Given {
        user: "ana".to_owned(),
        ..Given::default()
    })
    .unwrap();
    assert_eq!(settings.state, PathBuf::from("usher-state"));
    assert_eq!(settings.key_file, PathBuf::from("usher-state/secret.key"));
    assert_eq!(settings.level, tracing::Level::WARN);
    assert!(!settings.json_log);
    assert_eq!(settings.operator, "ana");
    assert_eq!(settings.patience_ms, 15_000);
    assert_eq!(settings.retention, usher_store::Retention::default());
}

#[test]
fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
    let toml = "[state]\ndir = \"a\"\nkey_file = \"k\"\n[log]\nlevel = \"info\"\n[sync]\npatience_seconds = 3\n";
    let (_folder, mut given) = given(
        toml,
        &[("USHER__LOG__LEVEL", "debug"), ("USHER_KEY_FILE", "other")],
    );
    let settings = Settings::load(&given).unwrap();
    assert_eq!(settings.state, PathBuf::from("a"));
    assert_eq!(settings.key_file, PathBuf::from("other"));
    assert_eq!(settings.level, tracing::Level::DEBUG);
    assert_eq!(settings.patience_ms, 3_000);
    given.state = Some(PathBuf::from("b"));
    assert_eq!(Settings::load(&given).unwrap().state, PathBuf::from("b"));
}

#[test]
fn every_problem_is_listed_at_once_with_its_place() {
    let toml = "[logg]\nlevel = 1\n[log]\nlevl = \"warn\"\nformat = \"xml\"\n[sync]\npatience_seconds = -1\n";
    let failure = problems(
        toml,
        &[
            ("USHER__LOG__LEVLE", "debug"),
            ("USHER__SYNC__PATIENCE_SECONDS", "x"),
        ],
    );
    let places: Vec<&str> = failure
        .problems
        .iter()
        .map(|problem| problem.place.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "usher.toml:5:1, log.format",
            "usher.toml:4:1",
            "usher.toml:1:2",
            "usher.toml:7:1, sync.patience_seconds",
            "the environment variable USHER__LOG__LEVLE",
            "the environment variable USHER__SYNC__PATIENCE_SECONDS, sync.patience_seconds",
        ]
    );
    let hints: Vec<&str> = failure
        .problems
        .iter()
        .map(|problem| problem.hint.as_str())
        .collect();
    assert!(hints.contains(&"did you mean `level`?"), "{hints:?}");
    assert!(hints.contains(&"did you mean `log`?"), "{hints:?}");
    assert!(
        hints.contains(&"did you mean `USHER__LOG__LEVEL`?"),
        "{hints:?}"
    );
}

#[test]
fn a_syntax_error_has_its_line_and_a_missing_file_its_name() {
    let failure = problems("[log]\nlevel = \n", &[]);
    assert!(
        failure.problems[0].place.ends_with("usher.toml:2:9"),
        "{}",
        failure.problems[0].place
    );
    let missing = Given {
        file: Some(PathBuf::from("no-such-file.toml")),
        ..Given::default()
    };
    let failure = Settings::load(&missing).unwrap_err();
    assert_eq!(failure.problems[0].place, "no-such-file.toml");
}

#[test]
fn every_default_is_allowed_and_the_document_has_every_setting() {
    let document = include_str!("../../../../docs/settings.md");
    for key in KEYS {
        assert!(key.allowed.fits(key.default), "{}", key.path());
        let default = match key.default {
            "" => "empty".to_owned(),
            text => format!("`{text}`"),
        };
        let row = format!(
            "| `{}` | `{}` | {} | {default} | {} |",
            key.path(),
            key.variable(),
            key.allowed.words(),
            key.help
        );
        assert!(document.contains(&row), "docs/settings.md lacks:\n{row}");
    }
    let rows = document.lines().filter(|line| line.contains("`USHER__"));
    assert_eq!(
        rows.filter(|line| line.starts_with("| `")).count(),
        KEYS.len()
    );
}
