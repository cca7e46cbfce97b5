-- read
-- Everything about the memories of a namespace, deleted and private ones too, oldest first, from behind a place on.
SELECT id, session_id, agent, user_input, assistant_response, metadata::text, to_json(tags)::text,
    visibility = 'private', pinned, created_at, updated_at, event_at, valid_until, deleted_at,
    supersedes, encode(content_hash, 'hex'), version, agent_metadata::text, embed_model,
    CASE WHEN embed_state = 'ok' THEN embedding END
FROM memories
WHERE namespace = $1::text AND (created_at, id) > (coalesce($2::timestamptz, '-infinity'), $3::uuid)
    AND ($4::varchar IS NULL OR session_id = $4)
    AND ($5::timestamptz IS NULL OR coalesce(event_at, created_at) >= $5)
    AND ($6::timestamptz IS NULL OR coalesce(event_at, created_at) < $6)
ORDER BY created_at, id LIMIT $7::int
