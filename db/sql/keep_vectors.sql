-- write, repeatable
-- Vectors from an original Sage: where its provider failed it stored random ones, known by a kurtosis near ($4) that of
-- a normal ($2) or a uniform ($3) distribution. They are dropped and embedded anew. The rule and its numbers are
-- those of vector_looks_random() (db/embedding.h); it is summed up here, too, since 16 KB a vector need not travel for it.
WITH batch AS (
    SELECT id, embedding FROM memories WHERE embed_state = 'unchecked' AND deleted_at IS NULL
    ORDER BY embed_at NULLS FIRST, id LIMIT $1::int FOR UPDATE SKIP LOCKED
), shape AS (
    SELECT s.id, avg((x - mean) ^ 4) / nullif(avg((x - mean) ^ 2) ^ 2, 0) AS kurtosis
    FROM batch s CROSS JOIN LATERAL unnest(s.embedding::real[]::float8[]) AS x
        CROSS JOIN LATERAL (SELECT avg(y) AS mean FROM unnest(s.embedding::real[]::float8[]) AS y) AS m
    GROUP BY s.id
), judged AS (
    SELECT id, kurtosis IS NULL OR abs(kurtosis - $2::float8) < $4::float8 OR abs(kurtosis - $3::float8) < $4 AS random
    FROM shape
)
UPDATE memories m SET embed_state = CASE WHEN j.random THEN 'pending' ELSE 'ok' END,
    embedding = CASE WHEN j.random THEN NULL ELSE m.embedding END
FROM judged j WHERE m.id = j.id
RETURNING m.id, j.random
