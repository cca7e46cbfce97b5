-- read
-- Everything about the memories of a namespace, deleted and private ones too, oldest first, from behind a place on.
-- A vector that a switch of the model has not moved to its memory yet (embed_move.sql) goes as if it had.
SELECT m.id, m.session_id, m.agent, m.user_input, m.assistant_response, m.metadata::text, to_json(m.tags)::text,
    m.visibility = 'private', m.pinned, m.created_at, m.updated_at, m.event_at, m.valid_until, m.deleted_at,
    m.supersedes, encode(m.content_hash, 'hex'), m.version, m.agent_metadata::text,
    coalesce(moving.model, m.embed_model),
    coalesce(moving.embedding, CASE WHEN m.embed_state = 'ok' THEN m.embedding END)
FROM memories m LEFT JOIN LATERAL (
        SELECT v.model, v.embedding FROM memory_vectors v
        WHERE v.memory_id = m.id AND v.model = (SELECT current FROM embedding_model) AND v.part = 0
        LIMIT 1
    ) AS moving ON true
WHERE m.namespace = $1::text AND (m.created_at, m.id) > (coalesce($2::timestamptz, '-infinity'), $3::uuid)
    AND ($4::varchar IS NULL OR m.session_id = $4)
    AND ($5::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) >= $5)
    AND ($6::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) < $6)
ORDER BY m.created_at, m.id LIMIT $7::int
