-- read
-- A memory as update_memory starts from: as it is now, or as it was in an earlier version.
-- The second column: there is such a version.
SELECT m.version, $4::int IS NULL OR v.version IS NOT NULL,
    CASE WHEN v.version IS NULL THEN m.session_id ELSE v.session_id END,
    CASE WHEN v.version IS NULL THEN m.user_input ELSE v.user_input END,
    CASE WHEN v.version IS NULL THEN m.assistant_response ELSE v.assistant_response END,
    CASE WHEN v.version IS NULL THEN m.metadata ELSE v.metadata END::text,
    to_json(CASE WHEN v.version IS NULL THEN m.tags ELSE v.tags END)::text,
    CASE WHEN v.version IS NULL THEN m.visibility ELSE v.visibility END = 'private',
    CASE WHEN v.version IS NULL THEN m.pinned ELSE v.pinned END,
    CASE WHEN v.version IS NULL THEN m.event_at ELSE v.event_at END,
    CASE WHEN v.version IS NULL THEN m.valid_until ELSE v.valid_until END,
    m.expires_at, m.agent_metadata::text
FROM memories m LEFT JOIN memory_versions v ON v.memory_id = m.id AND v.version = $4
WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
    AND m.deleted_at IS NULL AND m.id = $3::uuid
