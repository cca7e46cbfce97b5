-- write, repeatable
-- The vectors of a memory, one for each piece of its text ($4 in a row, $5 pieces of $6 numbers), unless its
-- words changed, it went, somebody was faster, or the model is no longer the current one.
WITH fits AS (
    SELECT FROM embedding_model WHERE current = $3::text FOR SHARE
), done AS (
    UPDATE memories SET embedding = ($4::real[])[1:$6::int]::vector, embed_state = 'ok', embed_model = $3,
        embed_attempts = 0, embed_error = NULL, embed_at = NULL
    WHERE id = $1::uuid AND version = $2::int AND embed_state IN ('pending', 'failed')
        AND deleted_at IS NULL AND EXISTS (SELECT FROM fits)
    RETURNING id
), parts AS (
    INSERT INTO memory_vectors (memory_id, model, part, embedding)
    SELECT done.id, $3, n, ($4)[n * $6 + 1 : (n + 1) * $6]::vector
    FROM done, generate_series(1, $5::int - 1) AS n
    ON CONFLICT DO NOTHING
)
SELECT id FROM done
