-- read
-- What a memory was before.
SELECT version, session_id, user_input, assistant_response, metadata::text, to_json(tags)::text,
    visibility = 'private', pinned, written_at, event_at, valid_until, replaced_by
FROM memory_versions WHERE memory_id = $1::uuid ORDER BY version
