-- write, repeatable
-- The vectors of a memory beside those in use, unless its words changed or it went.
WITH meant AS (
    SELECT id FROM memories WHERE id = $1::uuid AND version = $2::int AND deleted_at IS NULL FOR SHARE
)
INSERT INTO memory_vectors (memory_id, model, part, embedding)
SELECT meant.id, $3::text, n, ($4::real[])[n * $6::int + 1 : (n + 1) * $6]::vector
FROM meant, generate_series(0, $5::int - 1) AS n
ON CONFLICT DO NOTHING
