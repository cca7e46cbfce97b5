-- write, repeatable
-- Vectors from an original Sage: where its provider failed it stored random ones. The numbers of a real
-- embedding are heavy-tailed; those of a normal distribution have a kurtosis of 3, of a uniform one 1.8
-- (over 4096 numbers within .2, four standard errors and more). Random ones are dropped and embedded anew.
WITH batch AS (
    SELECT id, embedding FROM memories WHERE embed_state = 'unchecked' AND deleted_at IS NULL
    ORDER BY embed_at NULLS FIRST, id LIMIT $1::int FOR UPDATE SKIP LOCKED
), shape AS (
    SELECT s.id, avg((x - mean) ^ 4) / nullif(avg((x - mean) ^ 2) ^ 2, 0) AS kurtosis
    FROM batch s CROSS JOIN LATERAL unnest(s.embedding::real[]::float8[]) AS x
        CROSS JOIN LATERAL (SELECT avg(y) AS mean FROM unnest(s.embedding::real[]::float8[]) AS y) AS m
    GROUP BY s.id
), judged AS (
    SELECT id, kurtosis IS NULL OR kurtosis BETWEEN 2.8 AND 3.2 OR kurtosis BETWEEN 1.6 AND 2.0 AS random
    FROM shape
)
UPDATE memories m SET embed_state = CASE WHEN j.random THEN 'pending' ELSE 'ok' END,
    embedding = CASE WHEN j.random THEN NULL ELSE m.embedding END
FROM judged j WHERE m.id = j.id
RETURNING m.id, j.random
