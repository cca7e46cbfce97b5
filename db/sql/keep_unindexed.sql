-- read
-- Memories whose words are not indexed as this version does it (TEXT_VERSION): written by another program or by
-- an earlier version, or rolled back to words of one.
SELECT id, user_input, assistant_response, version, event_at, namespace FROM memories
WHERE text_version < 1 AND deleted_at IS NULL
ORDER BY id LIMIT $1::int
