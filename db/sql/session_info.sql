-- read
-- One session with what an agent sees in it.
SELECT s.id, s.name, s.created_at, s.last_active,
    count(m.id), min(m.created_at), max(m.created_at)
FROM sessions s LEFT JOIN memories m ON m.namespace = s.namespace AND m.session_id = s.id
    AND (m.visibility = 'shared' OR m.agent = $2::text) AND m.deleted_at IS NULL
WHERE s.namespace = $1::text AND s.id = $3::varchar
GROUP BY s.namespace, s.id
