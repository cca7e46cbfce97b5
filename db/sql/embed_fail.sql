-- write
-- A memory that the provider has no vector for. It is tried again ever more rarely; after $4 times it counts as failed.
UPDATE memories SET embed_attempts = embed_attempts + 1, embed_error = $3::text,
    embed_state = CASE WHEN embed_attempts + 1 >= $4::int THEN 'failed' ELSE 'pending' END,
    embed_at = now() + (.5 + random() / 2) * least(interval '6 hours',
        interval '30 seconds' * 2 ^ least(embed_attempts, 12))
WHERE id = $1::uuid AND version = $2::int AND embed_state IN ('pending', 'failed')
RETURNING id, embed_state
