-- read
-- One session with what is in it.
SELECT s.id, s.name, s.created_at, s.last_active,
    count(m.id), min(m.created_at), max(m.created_at)
FROM sessions s LEFT JOIN memories m ON m.namespace = s.namespace AND m.session_id = s.id
WHERE s.namespace = $1::text AND s.id = $2::varchar
GROUP BY s.namespace, s.id
