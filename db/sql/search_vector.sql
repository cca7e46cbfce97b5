-- read
-- The memories whose embedding points the same way as the query's (exact cosine similarity).
SELECT m.id, m.session_id, m.agent, left(m.user_input, $5::int), left(m.assistant_response, $5),
    length(m.user_input) > $5 OR length(m.assistant_response) > $5, m.created_at,
    1 - (m.embedding <=> $2::vector)
FROM memories m
WHERE m.namespace = $1::text AND m.embedding IS NOT NULL
    AND ($3::varchar IS NULL OR m.session_id = $3)
ORDER BY m.embedding <=> $2, m.created_at DESC
LIMIT $4::int
