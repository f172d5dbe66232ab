//! Operators: accounts, attempts to sign in, sessions, API tokens, the first link.

/// The columns of an account, under the names of the table.
macro_rules! account {
    () => {
        "a.id AS id, a.name AS name, a.password AS password, a.roles_json AS roles_json, a.auditor AS auditor,
            a.active AS active, a.description AS description, a.phone AS phone, a.email AS email,
            a.department AS department, a.created_at AS created_at, a.modified_at AS modified_at,
            a.password_changed_at AS password_changed_at"
    };
}

/// The columns of an API token; their names do not meet those of its account.
macro_rules! api_token {
    () => {
        "t.id AS token_id, t.name AS token_name, t.token AS token, t.account AS account,
            t.roles_json AS token_roles_json, t.read_only AS read_only, t.created_at AS token_created_at,
            t.expires_at AS expires_at, t.used_at AS used_at"
    };
}

statements! {
    REVISION = "SELECT 1 AS id, revision, link, link_expires_at FROM accounts WHERE id = 1";
    /// Moves the revision on from ?1, and takes the first link away.
    REVISION_NEXT = "UPDATE accounts SET revision = revision + 1, link = NULL, link_expires_at = NULL
        WHERE id = 1 AND revision = ?1";
    ACCOUNTS = concat!("SELECT ", account!(), " FROM account a ORDER BY a.name");
    ACCOUNT = concat!("SELECT ", account!(), " FROM account a WHERE a.name = ?1");
    /// ?1 = JSON of the row without an id.
    ACCOUNT_ADD = "INSERT INTO account (name, password, roles_json, auditor, active, description, phone, email,
            department, created_at, modified_at, password_changed_at)
        SELECT ?1 ->> 'name', ?1 ->> 'password', ?1 -> 'roles', ?1 ->> 'auditor', ?1 ->> 'active',
            ?1 ->> 'description', ?1 ->> 'phone', ?1 ->> 'email', ?1 ->> 'department', ?1 ->> 'created_at',
            ?1 ->> 'modified_at', ?1 ->> 'password_changed_at'";
    /// ?1 = JSON of the row.
    ACCOUNT_SAVE = "UPDATE account SET name = ?1 ->> 'name', password = ?1 ->> 'password', roles_json = ?1 -> 'roles',
            auditor = ?1 ->> 'auditor', active = ?1 ->> 'active', description = ?1 ->> 'description',
            phone = ?1 ->> 'phone', email = ?1 ->> 'email', department = ?1 ->> 'department',
            modified_at = ?1 ->> 'modified_at', password_changed_at = ?1 ->> 'password_changed_at'
        WHERE id = ?1 ->> 'id'";
    ACCOUNT_REMOVE = "DELETE FROM account WHERE id = ?1";
    LINK_SAVE = "UPDATE accounts SET revision = revision + 1, link = ?1, link_expires_at = ?2
        WHERE id = 1 AND NOT EXISTS (SELECT 1 FROM account)";
    LINK_CLEAR = "UPDATE accounts SET revision = revision + 1, link = NULL, link_expires_at = NULL WHERE id = 1";

    FAILURES = "SELECT id, failures, locked_until, at FROM sign_in WHERE name = ?1";
    /// ?1 name, ?2 failures, ?3 locked until, ?4 now.
    FAILURES_SAVE = "INSERT INTO sign_in (name, failures, locked_until, at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until,
            at = excluded.at";
    /// Names without an account beyond the ten thousand latest.
    FAILURES_TRIM = "DELETE FROM sign_in WHERE id IN
        (SELECT s.id FROM sign_in s WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.name = s.name)
            ORDER BY s.at DESC LIMIT 100 OFFSET 10000)";
    FORGIVE = "DELETE FROM sign_in WHERE name = ?1";

    SESSION_ADD = "INSERT INTO session (token, account, created_at, seen_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    SESSION = concat!("SELECT s.token AS token, s.account AS account, s.created_at AS session_created_at,
            s.seen_at AS seen_at, s.expires_at AS expires_at, ", account!(),
        " FROM session s CROSS JOIN account a ON a.id = s.account WHERE s.token = ?1");
    SESSION_TOUCH = "UPDATE session SET seen_at = ?2 WHERE token = ?1 AND seen_at < ?2";
    SESSION_END = "DELETE FROM session WHERE token = ?1";
    SESSIONS_EXPIRED = "DELETE FROM session WHERE expires_at <= ?1";
    SESSIONS_OF = "DELETE FROM session WHERE account = ?1";
    SESSIONS_ALL = "DELETE FROM session";

    /// ?1 name, ?2 token, ?3 account, ?4 roles, ?5 read only, ?6 created, ?7 expires.
    TOKEN_ADD = "INSERT INTO api_token (name, token, account, roles_json, read_only, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id";
    /// ?1 = account or null.
    TOKENS = concat!("SELECT ", api_token!(), ", a.name AS owner
        FROM api_token t CROSS JOIN account a ON a.id = t.account WHERE ?1 IS NULL OR t.account = ?1 ORDER BY t.id");
    TOKEN = concat!("SELECT ", api_token!(), ", ", account!(),
        " FROM api_token t CROSS JOIN account a ON a.id = t.account WHERE t.token = ?1");
    TOKEN_TOUCH = "UPDATE api_token SET used_at = ?2 WHERE id = ?1";
    TOKEN_REVOKE = "DELETE FROM api_token WHERE id = ?1";
    TOKENS_OF = "DELETE FROM api_token WHERE account = ?1";
}
