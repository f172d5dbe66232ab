//! The scope groups that people were last seen in.

statements! {
    /// Rows: subject, canonical DN of the group.
    NAMES = "INSERT INTO container (dn) SELECT DISTINCT v.value ->> 1 FROM json_each(?1) v WHERE true
        ON CONFLICT (dn) DO NOTHING";
    /// Rows as for `NAMES`; ?2 = target.
    REMEMBER = "UPDATE subject SET scope_group = (SELECT id FROM container WHERE dn = v.value ->> 1)
        FROM json_each(?1) v
        WHERE subject.id = v.value ->> 0 AND subject.channel IN (SELECT id FROM channel WHERE target = ?2)";
    /// A list of ids.
    OF = "SELECT s.id AS id, p.dn AS dn FROM json_each(?1) v CROSS JOIN subject s ON s.id = v.value
        CROSS JOIN container p ON p.id = s.scope_group";
    /// ?1 = channel, ?2 = field: what stands after the `@`.
    DOMAINS = "SELECT 0 AS id, d.domain AS domain, count(*) AS n FROM (
            SELECT substr(u.folded, instr(u.folded, '@') + 1) AS domain
            FROM unique_value u INDEXED BY sqlite_autoindex_unique_value_1
            WHERE u.channel = (SELECT id FROM channel WHERE uid = ?1) AND u.field = ?2 AND instr(u.folded, '@') > 0) d
        GROUP BY d.domain ORDER BY n DESC, d.domain";
    /// ?1 = channel, ?2 = canonical DNs.
    SIZES = "SELECT p.id AS id, p.dn AS dn, count(s.id) AS n
        FROM json_each(?2) v CROSS JOIN container p ON p.dn = v.value
        CROSS JOIN subject s INDEXED BY subject_scope_group ON s.scope_group = p.id
        WHERE s.channel = (SELECT id FROM channel WHERE uid = ?1) AND s.kind = 'user'
            AND s.state IN ('linked', 'frozen')
        GROUP BY p.id";
}
