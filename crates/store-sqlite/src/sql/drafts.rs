//! Drafts.

statements! {
    HEADS = "SELECT key, kind, about, name, operator, at, version FROM draft ORDER BY at DESC, id DESC";
    DRAFT = "SELECT key, kind, about, name, operator, at, version, body FROM draft WHERE key = ?1";
    /// Only where there is none.
    ADD = "INSERT INTO draft (key, kind, about, name, operator, at, version, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO NOTHING";
    /// Only over the version before.
    REPLACE = "UPDATE draft SET kind = ?2, about = ?3, name = ?4, operator = ?5, at = ?6, version = ?7, body = ?8
        WHERE key = ?1 AND version = ?7 - 1";
    REMOVE = "DELETE FROM draft WHERE key = ?1";
}
