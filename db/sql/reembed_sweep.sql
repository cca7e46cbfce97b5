-- write, repeatable
-- Vectors that belong neither to the current model nor to the one being built, some at a time.
DELETE FROM memory_vectors v USING (SELECT w.memory_id, w.model, w.part FROM memory_vectors w, embedding_model e
    WHERE w.model IS DISTINCT FROM e.current AND w.model IS DISTINCT FROM e.building LIMIT $1::int) AS old
WHERE (v.memory_id, v.model, v.part) = (old.memory_id, old.model, old.part)
RETURNING v.memory_id
