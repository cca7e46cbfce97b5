-- write, repeatable
-- Vectors of another model than the current one, imported or left behind by a switch: to be made anew. Those of further
-- pieces of their texts go.
WITH strays AS (
    UPDATE memories SET embed_state = 'pending', embed_attempts = 0, embed_at = NULL
    WHERE id IN (SELECT id FROM memories m
        WHERE (m.embed_model < $1::text OR m.embed_model > $1) AND m.embed_state = 'ok'
            AND NOT EXISTS (SELECT FROM memory_vectors v WHERE v.memory_id = m.id AND v.model = $1 AND v.part = 0)
            AND EXISTS (SELECT FROM embedding_model WHERE current = $1)
        LIMIT $2::int FOR UPDATE SKIP LOCKED)
    RETURNING id, embed_model
), gone AS (
    DELETE FROM memory_vectors v USING strays s
    WHERE v.memory_id = s.id AND v.model = s.embed_model
        AND NOT EXISTS (SELECT FROM embedding_model WHERE building = v.model)
)
SELECT id FROM strays
