//! Runs the examples of the manual as they are printed.

use super::*;

const MANUAL: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/mapping-expressions.md"
));

struct Example<'a> {
    title: &'a str,
    values: Vec<(&'a str, &'a str)>,
    more_attributes: Vec<&'a str>,
    expression: &'a str,
    result: &'a str,
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?
        .1
        .split_once(to)
        .map(|(found, _)| found)
}

fn examples() -> Vec<Example<'static>> {
    MANUAL
        .split("\n### ")
        .skip(1)
        .map(|section| {
            let title = section.lines().next().unwrap_or_default();
            let values = between(section, "```\n", "\n```").expect(title);
            let attributes = between(section, "Attributes: ", "\n").unwrap_or_default();
            Example {
                title,
                values: values
                    .lines()
                    .map(|line| line.split_once(": ").expect(title))
                    .collect(),
                more_attributes: attributes
                    .split(", ")
                    .map(|name| name.trim_matches('`'))
                    .filter(|name| !name.is_empty())
                    .collect(),
                expression: between(section, "```jinja\n", "\n```").expect(title),
                result: between(section, "Result: `", "`").expect(title),
            }
        })
        .collect()
}

#[test]
fn every_example_of_the_manual_gives_what_is_printed() {
    let examples = examples();
    assert_eq!(examples.len(), 20);
    for example in examples {
        let mut attributes = example.more_attributes.clone();
        for (name, _) in &example.values {
            if !attributes.contains(name) {
                attributes.push(name);
            }
        }
        let title = expression("title", &attributes, example.expression);
        let mapping = [
            expression("userName", &[], "'u'"),
            expression("workEmail", &[], "'u@example.org'"),
            title,
        ];
        let rules = try_compile(&mapping).unwrap_or_else(|found| {
            panic!("example {}: {found:?}", example.title);
        });
        let desired = desired(&entry(&example.values), &rules);
        assert_eq!(
            desired.resource.text("title"),
            Some(example.result),
            "example {}: {:?}",
            example.title,
            desired.notes
        );
    }
}

#[test]
fn every_filter_of_ours_is_in_the_manual() {
    for name in [
        "digits",
        "ascii_fold",
        "regex_replace",
        "dn_part",
        "date",
        "lookup",
    ] {
        assert!(MANUAL.contains(&format!("| `{name}")), "{name}");
    }
}
