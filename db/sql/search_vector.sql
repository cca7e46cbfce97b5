-- read
-- The memories whose vector, or that of one of the pieces of its text, points the same way as the query's
-- (exact cosine similarity). Vectors of another model than the current one do not count; those of which nobody
-- knows the model (a client's, an original Sage's) are taken for the current one's.
WITH model AS (
    SELECT current FROM embedding_model
), meant AS NOT MATERIALIZED (
    SELECT m.id, m.created_at, m.embedding, m.embed_state, m.embed_model FROM memories m
    WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
        AND m.deleted_at IS NULL AND ($4::varchar IS NULL OR m.session_id = $4)
), nearest AS (
    SELECT id, created_at, min(distance) AS distance FROM (
        SELECT m.id, m.created_at, m.embedding <=> $3::vector AS distance FROM meant m, model
        WHERE m.embedding IS NOT NULL AND m.embed_state = 'ok'
            AND (m.embed_model IS NULL OR model.current IS NULL OR m.embed_model = model.current)
        UNION ALL
        SELECT m.id, m.created_at, v.embedding <=> $3 FROM model JOIN memory_vectors v ON v.model = model.current
            JOIN meant m ON m.id = v.memory_id) AS vectors
    GROUP BY id, created_at
    ORDER BY distance, created_at DESC
    LIMIT $5::int
)
SELECT m.id, m.session_id, m.agent, left(m.user_input, $6::int), left(m.assistant_response, $6),
    length(m.user_input) > $6 OR length(m.assistant_response) > $6, m.created_at, 1 - n.distance
FROM nearest n JOIN memories m USING (id)
ORDER BY n.distance, m.created_at DESC
