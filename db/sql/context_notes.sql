-- read
-- The session an agent is in (NULL: none was chosen), beside each note that waits for it, oldest
-- first, $3 of them at most; always one row, with no note when none waits.
SELECT (SELECT session_id FROM current_sessions WHERE namespace = $1::text AND agent = $2::text),
    h.id, h.from_agent, h.note, h.created_at
FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT id, from_agent, note, created_at FROM handoffs
    WHERE namespace = $1 AND to_agent = $2 AND fetched_at IS NULL
    ORDER BY created_at, id LIMIT $3::int) AS h ON true
ORDER BY h.created_at, h.id
