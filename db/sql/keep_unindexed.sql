-- read
-- Memories whose words are not indexed: written by another program, or rolled back.
SELECT id, user_input, assistant_response, version FROM memories
WHERE terms IS NULL AND deleted_at IS NULL
ORDER BY id LIMIT $1::int
