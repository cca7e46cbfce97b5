-- write, repeatable
-- Begins to make vectors of a model, or goes on. Those that were begun for another one stay in the way, unless $2.
-- Where none is in use, it is in use at once.
WITH begun AS (
    UPDATE embedding_model SET building = $1::text, current = coalesce(current, $1),
        building_since = CASE WHEN building = $1 THEN building_since ELSE now() END
    WHERE building IS NULL OR building = $1 OR $2::bool
    RETURNING building
)
SELECT coalesce(e.current, (SELECT building FROM begun)), coalesce((SELECT building FROM begun), e.building),
    (SELECT count(*) FROM memories m WHERE m.deleted_at IS NULL),
    (SELECT count(*) FROM memories m WHERE m.deleted_at IS NULL
        AND NOT (m.embed_state = 'ok' AND m.embed_model IS NOT DISTINCT FROM $1)
        AND NOT EXISTS (SELECT FROM memory_vectors v WHERE v.memory_id = m.id AND v.model = $1 AND v.part = 0))
FROM embedding_model e
