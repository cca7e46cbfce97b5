-- read
-- The next memories behind $2 without vectors of this model; $3 at the most, and not many more than $4 bytes of text.
WITH missing AS (
    SELECT m.id, octet_length(m.user_input)::bigint + octet_length(m.assistant_response) AS bytes
    FROM memories m
    WHERE m.id > $2::uuid AND m.deleted_at IS NULL
        AND NOT (m.embed_state = 'ok' AND m.embed_model IS NOT DISTINCT FROM $1::text)
        AND NOT EXISTS (SELECT FROM memory_vectors v WHERE v.memory_id = m.id AND v.model = $1 AND v.part = 0)
    ORDER BY m.id LIMIT $3::int
), fitting AS (
    SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM missing
)
SELECT m.id, m.version, m.user_input, m.assistant_response
FROM fitting f JOIN memories m USING (id) WHERE f.before < $4::bigint ORDER BY m.id
