//! Plain tables: columns under headings, no frames, so that they survive a pipe.

use comfy_table::{Cell, CellAlignment, ContentArrangement, presets};

use super::Ui;

/// A table that is being filled.
pub(crate) struct Table {
    inner: comfy_table::Table,
    is_empty: bool,
}

impl Table {
    /// A table with these headings; one that starts with `#` stands over numbers.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut inner = comfy_table::Table::new();
        inner
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        let cell = |text: &&str| match text.strip_prefix('#') {
            Some(text) => Cell::new(text).set_alignment(CellAlignment::Right),
            None => Cell::new(text),
        };
        inner.set_header(headings.iter().map(cell));
        for (at, text) in headings.iter().enumerate() {
            if let Some(column) = inner.column_mut(at) {
                column.set_padding((if at == 0 { 2 } else { 1 }, 1));
                if text.starts_with('#') {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        Self {
            inner,
            is_empty: true,
        }
    }

    /// Adds a row.
    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.is_empty = false;
        self.inner.add_row(cells.into_iter().map(Into::into));
    }

    /// Whether it has no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Writes it, headings dimmed.
    pub(crate) fn show(&self, ui: &Ui) {
        for (at, line) in self.inner.lines().enumerate() {
            let line = line.trim_end();
            ui.line(if at == 0 {
                ui.dim(line)
            } else {
                line.to_owned()
            });
        }
    }
}
