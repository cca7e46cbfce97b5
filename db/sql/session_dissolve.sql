-- write
-- Moves what an agent sees in a session ($3) to another ($4), or hides it ($4 NULL), and then removes
-- the session ($5), or marks it as merged. Removed is only a session in which nothing of others is
-- left. One row: whether both are there, how many memories it were, whether it was removed.
WITH made AS (
    INSERT INTO sessions (namespace, id, name)
    SELECT $1::text, $4::varchar, $4 FROM sessions
    WHERE $5::bool AND $4 IS NOT NULL AND namespace = $1 AND id = $3
    ON CONFLICT DO NOTHING
    RETURNING id
), locked AS (
    SELECT id FROM sessions WHERE namespace = $1 AND id IN ($3::varchar, $4) ORDER BY id FOR UPDATE
), source AS (
    SELECT id FROM locked
    WHERE id = $3 AND ($4 IS NULL OR EXISTS (SELECT FROM locked WHERE id = $4) OR EXISTS (SELECT FROM made))
), moved AS (
    UPDATE memories m SET session_id = coalesce($4, m.session_id),
        deduplicated = m.deduplicated AND NOT EXISTS (
            SELECT FROM memories d WHERE d.namespace = $1 AND d.content_hash = m.content_hash
                AND d.session_id = $4 AND d.deduplicated AND d.deleted_at IS NULL),
        deleted_at = CASE WHEN $4 IS NULL THEN now() END, deleted_by = CASE WHEN $4 IS NULL THEN $2::text END
    FROM source WHERE m.session_id = source.id AND @memory_visible@
    RETURNING m.id
), left_behind AS (
    SELECT FROM memories m WHERE m.namespace = $1 AND m.session_id = $3 AND m.deleted_at IS NULL
        AND NOT (m.visibility = 'shared' OR m.agent = $2)
    LIMIT 1
), removed AS (
    DELETE FROM sessions WHERE $5 AND namespace = $1 AND id = (SELECT id FROM source)
        AND NOT EXISTS (SELECT FROM left_behind)
    RETURNING id
), marked AS (
    UPDATE sessions SET merged_into = $4, status = 'archived'
    WHERE NOT $5 AND namespace = $1 AND id = (SELECT id FROM source)
), gone_on AS (
    UPDATE current_sessions SET session_id = $4
    WHERE NOT $5 AND namespace = $1 AND session_id = (SELECT id FROM source)
), thrown_out AS (
    DELETE FROM current_sessions
    WHERE namespace = $1 AND $5 AND session_id = (SELECT id FROM source)
        AND (agent = $2 OR EXISTS (SELECT FROM removed))
), logged AS (
    INSERT INTO audit_log (namespace, agent, key_id, action, target)
    SELECT $1, $2, $6::uuid, 'delete', id FROM moved WHERE $4 IS NULL
    UNION ALL
    SELECT $1, $2, $6, 'move', id FROM moved WHERE $4 IS NOT NULL
)
SELECT EXISTS (SELECT FROM locked WHERE id = $3), EXISTS (SELECT FROM source),
    (SELECT count(*) FROM moved), EXISTS (SELECT FROM removed)
