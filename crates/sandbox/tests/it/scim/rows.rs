//! The table of behaviours is covered.

/// Last row of the table.
const ROWS: u32 = 47;

const SOURCES: [&str; 12] = [
    include_str!("accounts.rs"),
    include_str!("admin.rs"),
    include_str!("deletion.rs"),
    include_str!("discovery.rs"),
    include_str!("faults.rs"),
    include_str!("group_patch.rs"),
    include_str!("groups.rs"),
    include_str!("keys.rs"),
    include_str!("lists.rs"),
    include_str!("patch.rs"),
    include_str!("replies.rs"),
    include_str!("users.rs"),
];

/// The numbers in `/// Row 7: ...` and `/// Rows 18 and 47: ...`, before the colon.
fn rows_of(line: &str) -> Vec<u32> {
    let Some(rest) = line.trim().strip_prefix("/// Row") else {
        return Vec::new();
    };
    let head = rest
        .split([':', ',', '(', 'C', 'R'])
        .next()
        .unwrap_or_default();
    head.split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect()
}

#[test]
fn every_row_is_quoted_by_a_test() {
    let quoted: Vec<u32> = SOURCES
        .iter()
        .flat_map(|s| s.lines())
        .flat_map(rows_of)
        .collect();
    let missing: Vec<u32> = (1..=ROWS).filter(|row| !quoted.contains(row)).collect();
    assert!(missing.is_empty(), "no test quotes the rows {missing:?}");
    assert!(
        quoted.iter().all(|row| (1..=ROWS).contains(row)),
        "{quoted:?}"
    );
}
