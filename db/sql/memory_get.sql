-- read
-- One memory, whole.
SELECT id, session_id, agent, user_input, assistant_response, metadata::text, created_at,
    updated_at, embedding IS NOT NULL
FROM memories
WHERE namespace = $1::text AND id = $2::uuid
