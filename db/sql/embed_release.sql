-- write, repeatable
-- Gives memories back that could not be embedded for no fault of theirs; they are due again in $2 milliseconds.
UPDATE memories SET embed_at = now() + $2::int * interval '1 ms', embed_error = $3::text
WHERE id = ANY ($1::uuid[]) AND embed_state IN ('pending', 'failed')
RETURNING id
