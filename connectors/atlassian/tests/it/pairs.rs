//! Pairwise rows: every two positions of any two factors occur together in some row.

use std::collections::BTreeSet;

/// Rows of positions for factors with so many positions each.
pub(crate) fn rows(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut open: BTreeSet<(usize, usize, usize, usize)> = BTreeSet::new();
    for (a, &of_a) in sizes.iter().enumerate() {
        for (b, &of_b) in sizes.iter().enumerate().skip(a + 1) {
            for i in 0..of_a {
                open.extend((0..of_b).map(|j| (a, i, b, j)));
            }
        }
    }
    let mut rows = Vec::new();
    while let Some(&(a, i, b, j)) = open.first() {
        let mut row: Vec<Option<usize>> = vec![None; sizes.len()];
        row[a] = Some(i);
        row[b] = Some(j);
        for factor in 0..sizes.len() {
            if row[factor].is_none() {
                let gain = |position: &usize| {
                    let fits = |other: usize, at: usize| {
                        let pair = if factor < other {
                            (factor, *position, other, at)
                        } else {
                            (other, at, factor, *position)
                        };
                        open.contains(&pair)
                    };
                    let chosen = row.iter().enumerate();
                    chosen
                        .filter(|(other, at)| at.is_some_and(|at| fits(*other, at)))
                        .count()
                };
                // Where nothing is gained, every row takes another position.
                let turn = |position: usize| (position + rows.len() + factor) % sizes[factor];
                row[factor] = (0..sizes[factor]).map(turn).max_by_key(gain);
            }
        }
        let row: Vec<usize> = row.into_iter().map(Option::unwrap).collect();
        open.retain(|&(a, i, b, j)| row[a] != i || row[b] != j);
        rows.push(row);
    }
    rows
}

#[test]
fn every_pair_of_positions_occurs_in_some_row() {
    let sizes = [2, 3, 2, 4, 3];
    let rows = rows(&sizes);
    assert!(rows.len() < 30, "{}", rows.len());
    for a in 0..sizes.len() {
        for b in a + 1..sizes.len() {
            for i in 0..sizes[a] {
                for j in 0..sizes[b] {
                    assert!(
                        rows.iter().any(|row| row[a] == i && row[b] == j),
                        "{a}={i} {b}={j}"
                    );
                }
            }
        }
    }
}
