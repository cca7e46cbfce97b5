-- read
-- The sessions used last.
SELECT s.id, s.name, s.created_at, s.last_active,
    (SELECT count(*) FROM memories m WHERE m.namespace = s.namespace AND m.session_id = s.id
        AND (m.visibility = 'shared' OR m.agent = $2::text) AND m.deleted_at IS NULL)
FROM sessions s
WHERE s.namespace = $1::text
ORDER BY s.last_active DESC, s.id
LIMIT $3::int
