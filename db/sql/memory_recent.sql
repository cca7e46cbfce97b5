-- read
-- The latest memories of a namespace or of one session, newest first.
SELECT m.id, m.session_id, m.agent, left(m.user_input, $5::int), left(m.assistant_response, $5),
    length(m.user_input) > $5 OR length(m.assistant_response) > $5, m.created_at, 0::float8,
    coalesce(m.valid_until <= now(), false), m.superseded_by, m.event_at
FROM memories m
WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
    AND m.deleted_at IS NULL AND ($3::varchar IS NULL OR m.session_id = $3)
ORDER BY m.created_at DESC, m.id
LIMIT $4::int
