//! Reading cells of a row into types of the model. What cannot be read names table, column, row.

use serde::de::DeserializeOwned;
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Decode, Row as _, Type};
use usher_core::model::{Hash128, Kind};
use usher_store::Result;

use crate::error::inconsistent;

/// The cells of one row; columns go by the names of the table.
pub(crate) struct Cells<'r> {
    row: &'r SqliteRow,
    table: &'static str,
}

impl<'r> Cells<'r> {
    pub(crate) fn of(table: &'static str, row: &'r SqliteRow) -> Self {
        Self { row, table }
    }

    /// A cell as SQLite has it.
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.row
            .try_get(column)
            .map_err(|error| self.bad(column, error.to_string()))
    }

    /// A count or another number that is never negative.
    pub(crate) fn count(&self, column: &'static str) -> Result<u64> {
        Ok(self.get::<i64>(column)?.max(0) as u64)
    }

    /// A text that stands for a value of a closed set.
    pub(crate) fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T> {
        let text: &str = self.get(column)?;
        parse(text).ok_or_else(|| self.bad(column, format!("{text:?} is not a known value")))
    }

    /// As `parsed`, of a column that may be empty.
    pub(crate) fn parsed_or_none<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.get::<Option<&str>>(column)? {
            None => Ok(None),
            Some(text) => match parse(text) {
                Some(value) => Ok(Some(value)),
                None => Err(self.bad(column, format!("{text:?} is not a known value"))),
            },
        }
    }

    pub(crate) fn kind(&self, column: &'static str) -> Result<Kind> {
        self.parsed(column, |text| match text {
            "user" => Some(Kind::User),
            "group" => Some(Kind::Group),
            _ => None,
        })
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text: &str = self.get(column)?;
        serde_json::from_str(text).map_err(|error| self.bad(column, error.to_string()))
    }

    pub(crate) fn json_or_none<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>> {
        match self.get::<Option<&str>>(column)? {
            None => Ok(None),
            Some(text) => serde_json::from_str(text)
                .map(Some)
                .map_err(|error| self.bad(column, error.to_string())),
        }
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<Hash128> {
        self.hash_or_none(column)?
            .ok_or_else(|| self.bad(column, "there is no hash".to_owned()))
    }

    pub(crate) fn hash_or_none(&self, column: &'static str) -> Result<Option<Hash128>> {
        match self.get::<Option<&[u8]>>(column)? {
            None => Ok(None),
            Some(bytes) => <[u8; 16]>::try_from(bytes)
                .map(|array| Some(Hash128(array)))
                .map_err(|_| self.bad(column, format!("expected 16 bytes, found {}", bytes.len()))),
        }
    }

    /// The error for a cell of this row.
    pub(crate) fn bad(&self, column: &'static str, problem: String) -> usher_store::StoreError {
        let row = self
            .row
            .try_get::<i64, _>("id")
            .map_or_else(|_| "(no id)".to_owned(), |id| id.to_string());
        inconsistent(self.table, column, row, problem)
    }
}
