-- write, repeatable
-- What there is to do for this model, and whose the stored vectors are. Without any it is this model's turn.
WITH adopted AS (
    UPDATE embedding_model e SET current = $1::text
    WHERE e.building IS DISTINCT FROM $1 AND (e.current IS NULL OR (e.current <> $1 AND NOT EXISTS (
        SELECT FROM memories WHERE embed_model = e.current)))
    RETURNING current
), waiting AS (
    SELECT count(*) AS memories FROM (SELECT FROM memories
        WHERE embed_state IN ('pending', 'failed') AND deleted_at IS NULL LIMIT $2::int) AS these
)
SELECT coalesce((SELECT current FROM adopted), e.current), e.building, w.memories,
    CASE WHEN w.memories > 0 AND w.memories < $2 THEN (SELECT min(created_at) FROM memories
        WHERE embed_state IN ('pending', 'failed') AND deleted_at IS NULL) END,
    EXISTS (SELECT FROM memory_vectors WHERE model = $1 AND part = 0)
FROM embedding_model e, waiting w
