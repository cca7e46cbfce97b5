-- write, repeatable
-- After a switch: vectors of the model that is now the current one go to where an original Sage looks for
-- them, and those of other models go away.
WITH batch AS (
    SELECT m.id, v.embedding FROM memory_vectors v JOIN memories m ON m.id = v.memory_id
    WHERE v.model = $1::text AND v.part = 0 AND EXISTS (SELECT FROM embedding_model WHERE current = $1)
    LIMIT $2::int FOR UPDATE OF m, v SKIP LOCKED
), moved AS (
    UPDATE memories m SET embedding = b.embedding, embed_state = 'ok', embed_model = $1, embed_attempts = 0,
        embed_error = NULL, embed_at = NULL
    FROM batch b WHERE m.id = b.id
    RETURNING m.id
), gone AS (
    DELETE FROM memory_vectors v USING moved
    WHERE v.memory_id = moved.id AND (v.model <> $1 OR v.part = 0)
)
SELECT id FROM moved
