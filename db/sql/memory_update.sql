-- write
-- Replaces a memory that is still in the version it was read in, and keeps what it was. Other words need another
-- vector. Words that another memory has already are no longer what later saves merge into.
WITH old AS (
    SELECT * FROM memories
    WHERE namespace = $1::text AND (visibility = 'shared' OR agent = $2::text)
        AND deleted_at IS NULL AND id = $3::uuid AND version = $4::int
    FOR UPDATE
), kept AS (
    INSERT INTO memory_versions (memory_id, version, namespace, session_id, user_input,
        assistant_response, metadata, tags, visibility, event_at, valid_until, pinned, content_hash,
        written_at, replaced_by, terms, lexicon, words, text_version)
    SELECT id, version, namespace, session_id, user_input, assistant_response, metadata, tags,
        visibility, event_at, valid_until, pinned, content_hash, updated_at, $2,
        terms, lexicon, words, text_version
    FROM old
), logged AS (
    INSERT INTO audit_log (namespace, agent, key_id, action, target, detail)
    SELECT $1, $2, $5::uuid, 'update', id, jsonb_build_object('version', version + 1) FROM old
), made AS (
    INSERT INTO sessions (namespace, id, name) SELECT $1, $6::varchar, $6 FROM old
    ON CONFLICT (namespace, id) DO NOTHING
), same AS (
    SELECT FROM memories d JOIN old ON d.id <> old.id
    WHERE d.namespace = $1 AND d.content_hash = $16::bytea AND d.deduplicated AND d.deleted_at IS NULL
)
UPDATE memories m SET session_id = $6, user_input = $7::text, assistant_response = $8::text,
    metadata = $9::text::jsonb, tags = coalesce($10::text[], '{}'),
    visibility = CASE WHEN $11::bool THEN 'private' ELSE 'shared' END, pinned = $12::bool,
    event_at = $13::timestamptz, valid_until = $14::timestamptz, expires_at = $15::timestamptz,
    content_hash = $16, terms = $17::int[], lexicon = $18::sparsevec, words = $19::int, text_version = $20::int,
    version = m.version + 1,
    deduplicated = m.deduplicated AND NOT EXISTS (SELECT FROM same),
    embedding = CASE WHEN w.changed THEN NULL ELSE m.embedding END,
    embed_state = CASE WHEN w.changed THEN 'pending' ELSE m.embed_state END,
    embed_attempts = CASE WHEN w.changed THEN 0 ELSE m.embed_attempts END,
    embed_error = CASE WHEN w.changed THEN NULL ELSE m.embed_error END,
    embed_at = CASE WHEN w.changed THEN NULL ELSE m.embed_at END
FROM old, LATERAL (
    SELECT (old.user_input, old.assistant_response) IS DISTINCT FROM ($7, $8) AS changed) w
WHERE m.id = old.id
RETURNING m.id, m.version, m.updated_at, m.embed_state, m.session_id
