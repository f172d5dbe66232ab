//! What is recorded of steps that were sent. These statements take many rows as parameters, each cell by itself: they are
//! what a first sync spends its time on, and a row that comes as JSON costs more than what is done with it. What fills
//! the last rows up has null in the first column, and is left out.

statements! {
    /// Columns: step, state, whole state or null, until, attempts, now.
    OUTCOMES = concat!("UPDATE step SET state = v.column2, state_json = v.column3, until = v.column4,
            attempts = v.column5, changed_at = v.column6
        FROM (VALUES ", rows!("(?,?,?,?,?,?)"), ") v WHERE step.id = v.column1");

    /// Columns: subject, state, target id, in scope, desired hash, synced hash, verdict, reason, attempts, next at,
    /// parked hash, dirty, left at, standing hold, members settled, members dirty, now. What belongs to a group's
    /// membership is only ever raised here.
    SUBJECTS = concat!("UPDATE subject SET state = v.column2, target_id = v.column3, in_scope = v.column4,
            desired_hash = v.column5, synced_hash = v.column6, verdict = v.column7, reason = v.column8,
            attempts = v.column9, next_at = v.column10, parked_hash = v.column11, dirty = v.column12,
            left_at = v.column13, standing_hold = v.column14, version = version + 1,
            members_settled = max(members_settled, v.column15), members_dirty = max(members_dirty, v.column16),
            removed_at = CASE WHEN v.column2 = 'removed' THEN coalesce(removed_at, v.column17) END
        FROM (VALUES ", rows!("(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"), ") v WHERE subject.id = v.column1");

    /// Columns: subject, shadow, whether something is still wanted.
    DATA = concat!("UPDATE subject_data SET shadow_json = v.column2,
            desired_json = CASE WHEN v.column3 THEN desired_json END
        FROM (VALUES ", rows!("(?,?,?)"), ") v WHERE subject_data.id = v.column1");

    /// Columns: target, kind, target id, external id, name, e-mail address, the resource.
    INDEX = concat!("INSERT INTO target_index (target, kind, target_id, external_id, name, email, generation, own, observed_json)
        SELECT column1, column2, column3, column4, column5, column6, 0, 1, column7
        FROM (VALUES ", rows!("(?,?,?,?,?,?,?)"), ") WHERE column1 IS NOT NULL
        ON CONFLICT (target, kind, target_id) DO UPDATE SET external_id = excluded.external_id,
            name = excluded.name, email = excluded.email, own = 1, observed_json = excluded.observed_json");

    /// Columns: step, subject, now, exchange.
    EXCHANGES = concat!("INSERT INTO exchange (step, subject, at, document_json)
        SELECT column1, column2, column3, column4
        FROM (VALUES ", rows!("(?,?,?,?)"), ") WHERE column1 IS NOT NULL");

    /// Columns: at, actor, event, channel, cycle, source id, target id, success, detail, changes.
    AUDIT = concat!("INSERT INTO audit (at, actor, event, channel, cycle, source_id, target_id, success, detail, changes_json)
        SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10
        FROM (VALUES ", rows!("(?,?,?,?,?,?,?,?,?,?)"), ") WHERE column1 IS NOT NULL");

    /// A list of subjects.
    BEFORE = "SELECT s.id AS id, s.version AS version, s.target_id AS target_id, s.state AS state
        FROM json_each(?1) v CROSS JOIN subject s ON s.id = v.value";
}
