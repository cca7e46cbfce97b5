-- A save as one would write it for a single row: what db/sql/memory_save.sql does, but for idempotency keys.
WITH made AS (
    INSERT INTO sessions (namespace, id, name) VALUES ($1, $3, $3)
    ON CONFLICT (namespace, id) DO NOTHING
), touched AS (
    UPDATE sessions SET last_active = now()
    WHERE namespace = $1 AND id = $3 AND last_active < now() - interval '1 second'
)
INSERT INTO memories
    (namespace, agent, session_id, user_input, assistant_response, metadata, embedding, terms,
        lexicon, words, text_version)
VALUES ($1::text, $2::text, $3::varchar, $4::text, $5::text, coalesce($6::text, '{}')::jsonb,
    $7::vector, $8::int[], $9::sparsevec, $10::int, 1)
RETURNING id, created_at
