-- write, repeatable
-- Renames a session ($4), gives it another status ($5), or takes the agent into it ($6) if it is active.
-- Nobody stays in one that is not.
WITH changed AS (
    UPDATE sessions SET name = coalesce($4::varchar, name), status = coalesce($5::text, status),
        merged_into = CASE WHEN $5 = 'active' THEN NULL ELSE merged_into END, last_active = now()
    WHERE namespace = $1::text AND id = $3::varchar
    RETURNING id, name, created_at, last_active, status, merged_into
), entered AS (
    INSERT INTO current_sessions (namespace, agent, session_id)
    SELECT $1, $2::text, id FROM changed WHERE status = 'active' AND $6::bool
    ON CONFLICT (namespace, agent) DO UPDATE SET session_id = excluded.session_id, chosen_at = now()
), emptied AS (
    DELETE FROM current_sessions c USING changed
    WHERE c.namespace = $1 AND c.session_id = changed.id AND changed.status <> 'active'
)
SELECT id, name, created_at, last_active, status, merged_into, status = 'active' AND ($6 OR EXISTS (
    SELECT FROM current_sessions c WHERE c.namespace = $1 AND c.agent = $2 AND c.session_id = changed.id))
FROM changed
