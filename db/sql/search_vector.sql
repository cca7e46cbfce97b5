-- read
-- The memories whose embedding points the same way as the query's (exact cosine similarity).
SELECT m.id, m.session_id, m.agent, left(m.user_input, $6::int), left(m.assistant_response, $6),
    length(m.user_input) > $6 OR length(m.assistant_response) > $6, m.created_at,
    1 - (m.embedding <=> $3::vector)
FROM memories m
WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
    AND m.deleted_at IS NULL AND m.embedding IS NOT NULL AND m.embed_state = 'ok'
    AND ($4::varchar IS NULL OR m.session_id = $4)
    AND ($7::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) >= $7)
    AND ($8::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) < $8)
ORDER BY m.embedding <=> $3, m.created_at DESC
LIMIT $5::int
