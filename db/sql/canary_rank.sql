-- read
-- How many of the first $4 memories of its namespace are as near to a question as, or nearer than, the one it was made from, by the
-- vectors of one model ($5: also those of which nobody knows the model). NULL: that one has none.
WITH pool AS (
    SELECT id, embedding, embed_model, embed_state FROM memories
    WHERE namespace = (SELECT namespace FROM memories WHERE id = $1::uuid)
        AND deleted_at IS NULL AND visibility = 'shared'
    ORDER BY id LIMIT $4::int
), nearest AS (
    SELECT id, min(distance) AS distance FROM (
        SELECT id, embedding <=> $3::vector AS distance FROM pool
        WHERE embed_state = 'ok' AND (embed_model = $2::text OR (embed_model IS NULL AND $5::bool))
        UNION ALL
        SELECT v.memory_id, v.embedding <=> $3 FROM memory_vectors v JOIN pool ON pool.id = v.memory_id
        WHERE v.model = $2) AS all_vectors
    GROUP BY id
)
SELECT (SELECT count(*) FROM nearest n WHERE n.distance <= own.distance AND n.id <> $1)
FROM (SELECT (SELECT distance FROM nearest WHERE id = $1) AS distance) AS own WHERE own.distance IS NOT NULL
