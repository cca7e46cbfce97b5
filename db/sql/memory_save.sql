-- write, gathered
-- Stores memories and makes or touches their sessions. A session row is written at most once a
-- second, so that savers of one session do not queue behind each other's commit, and in a fixed
-- order, so that they cannot wait for each other in a circle. An id that is there already is that of
-- the same idempotency key: with the same words it counts as stored, with others nothing is returned.
WITH given AS (
    SELECT * FROM (VALUES ($1::uuid, $2::text, $3::text, $4::varchar, $5::text, $6::text,
        $7::text, $8::vector, $9::int[])) AS row
        (id, namespace, agent, session_id, user_input, assistant_response, metadata, embedding, terms)
    WHERE id IS NOT NULL
), made AS (
    INSERT INTO sessions (namespace, id, name)
    SELECT DISTINCT namespace, session_id, session_id FROM given ORDER BY 1, 2
    ON CONFLICT (namespace, id) DO NOTHING
), touched AS (
    UPDATE sessions SET last_active = now() WHERE (namespace, id) IN (
        SELECT s.namespace, s.id FROM sessions s
        WHERE (s.namespace, s.id) IN (SELECT namespace, session_id FROM given)
            AND s.last_active < now() - interval '1 second'
        FOR UPDATE SKIP LOCKED)
)
INSERT INTO memories AS m
    (id, namespace, agent, session_id, user_input, assistant_response, metadata, embedding, terms)
SELECT id, namespace, agent, session_id, user_input, assistant_response,
    coalesce(metadata, '{}')::jsonb, embedding, terms
FROM given
ON CONFLICT (id) DO UPDATE SET id = excluded.id
    WHERE m.user_input = excluded.user_input
        AND m.assistant_response = excluded.assistant_response
RETURNING id, created_at
