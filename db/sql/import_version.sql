-- write, repeatable
-- What a memory was before, as it was exported.
INSERT INTO memory_versions (memory_id, version, namespace, session_id, user_input,
    assistant_response, metadata, tags, visibility, event_at, valid_until, pinned, written_at, replaced_by)
SELECT m.id, $3::int, m.namespace, $4::varchar, $5::text, $6::text, $7::text::jsonb,
    coalesce($8::text[], '{}'), CASE WHEN $9::bool THEN 'private' ELSE 'shared' END, $10::timestamptz,
    $11::timestamptz, $12::bool, coalesce($13::timestamptz, now()), coalesce($14::text, 'import')
FROM memories m WHERE m.namespace = $1::text AND m.id = $2::uuid
ON CONFLICT DO NOTHING
RETURNING memory_id
