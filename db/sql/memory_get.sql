-- read
-- One memory, whole.
SELECT id, session_id, agent, user_input, assistant_response, metadata::text, created_at,
    updated_at, embed_state = 'ok'
FROM memories
WHERE namespace = $1::text AND (visibility = 'shared' OR agent = $2::text) AND deleted_at IS NULL
    AND id = $3::uuid
