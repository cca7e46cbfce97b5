-- read
-- The latest memories of a namespace or of one session, newest first.
SELECT m.id, m.session_id, m.agent, left(m.user_input, $4::int), left(m.assistant_response, $4),
    length(m.user_input) > $4 OR length(m.assistant_response) > $4, m.created_at, 0::float8
FROM memories m
WHERE m.namespace = $1::text AND ($2::varchar IS NULL OR m.session_id = $2)
ORDER BY m.created_at DESC, m.id
LIMIT $3::int
