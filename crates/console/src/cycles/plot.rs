//! Columns, drawn here: a picture that needs no script, with a title and a description; the numbers stand in a table
//! beside it.

use askama::Template;

const WIDTH: u64 = 600;
const HEIGHT: u64 = 150;
/// Room above the columns for the largest number, and below for the words.
const TOP: u64 = 18;

struct Rect {
    x: u64,
    y: u64,
    width: u64,
    height: u64,
    series: usize,
}

struct Word {
    x: u64,
    text: String,
}

/// A plot of columns; each may be stacked of several series.
#[derive(Template)]
#[template(path = "cycles/plot.html")]
pub(crate) struct Plot {
    id: &'static str,
    title: String,
    desc: String,
    most: String,
    rects: Vec<Rect>,
    words: Vec<Word>,
    /// The series, if there are several.
    legend: Vec<(usize, &'static str)>,
}

/// A column: what stands below it, and its parts from the bottom.
pub(crate) struct Column {
    pub(crate) label: String,
    pub(crate) parts: Vec<u64>,
}

impl Plot {
    /// Columns from left to right. `most` says the largest in words.
    pub(crate) fn of(
        id: &'static str,
        title: &str,
        series: &[&'static str],
        columns: &[Column],
        words: impl Fn(u64) -> String,
    ) -> Self {
        let sum = |column: &Column| column.parts.iter().sum::<u64>();
        let most = columns.iter().map(sum).max().unwrap_or_default();
        let each = WIDTH / (columns.len() as u64).max(1);
        let gap = each / 6;
        let mut rects = Vec::new();
        for (n, column) in columns.iter().enumerate() {
            let mut bottom = TOP + HEIGHT;
            for (series, part) in column.parts.iter().enumerate() {
                let height =
                    (u128::from(*part) * u128::from(HEIGHT)).div_ceil(u128::from(most.max(1)));
                let height = u64::try_from(height).unwrap_or(HEIGHT).min(bottom - TOP);
                bottom -= height;
                if height > 0 {
                    rects.push(Rect {
                        x: n as u64 * each + gap,
                        y: bottom,
                        width: each.saturating_sub(2 * gap).max(1),
                        height,
                        series,
                    });
                }
            }
        }
        let every = columns.len().div_ceil(6).max(1);
        let below = columns.iter().enumerate().step_by(every);
        let words_below = below.map(|(n, column)| Word {
            x: n as u64 * each + gap,
            text: column.label.clone(),
        });
        let legend = series.iter().copied().enumerate();
        Self {
            id,
            title: title.to_owned(),
            desc: format!(
                "{} columns; the largest is {}. The table has every number.",
                columns.len(),
                words(most)
            ),
            most: words(most),
            words: words_below.collect(),
            rects,
            legend: if series.len() > 1 {
                legend.collect()
            } else {
                Vec::new()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Plot};

    #[test]
    fn columns_stay_inside_and_nothing_is_drawn_for_nothing() {
        let column = |parts: &[u64]| Column {
            label: "x".to_owned(),
            parts: parts.to_vec(),
        };
        let columns = [
            column(&[1, u64::from(u32::MAX)]),
            column(&[0, 0]),
            column(&[3, 4]),
        ];
        let plot = Plot::of("p", "Changes", &["A", "B"], &columns, |n| n.to_string());
        assert_eq!(plot.rects.len(), 4);
        for rect in &plot.rects {
            assert!(rect.y >= super::TOP && rect.y + rect.height <= super::TOP + super::HEIGHT);
        }
        let html = plot.to_string();
        assert!(
            html.contains("<title id=\"p-title\">Changes</title>"),
            "{html}"
        );
        assert!(
            html.contains("aria-labelledby=\"p-title p-desc\""),
            "{html}"
        );
        assert!(!html.contains("style="), "{html}");
        let none = Plot::of("p", "Changes", &["A"], &[], |n| n.to_string());
        assert!(none.rects.is_empty());
    }
}
