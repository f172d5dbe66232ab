//! What the documentation says of published fields is what the translation does with them.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../../docs/published-api.md");

#[test]
fn every_published_field_is_documented_with_what_it_does() {
    let mut resource = "";
    let mut written = BTreeSet::new();
    for line in PAGE.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            resource = title;
        }
        let mut cells = line.split('|').map(str::trim).skip(1);
        if let (Some(path), Some(does)) = (cells.next(), cells.next())
            && let Some(path) = path
                .strip_prefix('`')
                .and_then(|path| path.strip_suffix('`'))
        {
            written.insert(format!("{resource} {path}: {does}"));
        }
    }
    let fields = usher_pf::published_fields().into_iter();
    let done: BTreeSet<String> = fields
        .map(|(resource, path, does)| format!("{resource} {path}: {does}"))
        .collect();
    let missing: Vec<_> = done.difference(&written).collect();
    let wrong: Vec<_> = written.difference(&done).collect();
    assert!(missing.is_empty(), "not documented: {missing:#?}");
    assert!(wrong.is_empty(), "documented and not so: {wrong:#?}");
}
