-- write, gathered
-- Memories as they were exported; one whose id is there already stays as it is.
WITH given AS (
    SELECT * FROM (VALUES ($1::uuid, $2::text, $3::text, $4::varchar, $5::text, $6::text, $7::text,
        $8::text[], $9::bool, $10::bool, $11::timestamptz, $12::timestamptz, $13::timestamptz,
        $14::timestamptz, $15::timestamptz, $16::uuid, $17::bytea, $18::int, $19::text, $20::text,
        $21::vector, $22::int[], $23::sparsevec, $24::int, $25::int)) AS row
        (id, namespace, agent, session_id, user_input, assistant_response, metadata, tags, private,
        pinned, created_at, updated_at, event_at, valid_until, deleted_at, supersedes, content_hash,
        version, agent_metadata, embed_model, embedding, terms, lexicon, words, text_version)
    WHERE id IS NOT NULL
), made AS (
    INSERT INTO sessions (namespace, id, name)
    SELECT DISTINCT namespace, session_id, session_id FROM given WHERE session_id IS NOT NULL ORDER BY 1, 2
    ON CONFLICT (namespace, id) DO NOTHING
)
INSERT INTO memories (id, namespace, agent, session_id, user_input, assistant_response, metadata,
    tags, visibility, pinned, created_at, updated_at, event_at, valid_until, deleted_at, supersedes,
    content_hash, version, is_agent_report, agent_metadata, embed_model, embedding, embed_state, terms,
    lexicon, words, text_version)
SELECT id, namespace, agent, session_id, user_input, assistant_response,
    coalesce(metadata, '{}')::jsonb, coalesce(tags, '{}'),
    CASE WHEN private THEN 'private' ELSE 'shared' END, pinned, coalesce(created_at, event_at, now()),
    coalesce(updated_at, created_at, now()), event_at, valid_until, deleted_at, supersedes, content_hash,
    coalesce(version, 1), agent_metadata IS NOT NULL, agent_metadata::jsonb, embed_model, embedding,
    CASE WHEN embedding IS NULL THEN 'pending' ELSE 'ok' END, terms, lexicon, words, text_version
FROM given
ON CONFLICT (id) DO NOTHING
RETURNING id
