-- write
-- Ends a key, given by its id or its hint. Revoking twice keeps the first time.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
WHERE id::text = $1::text OR hint = $1
RETURNING id, hint, namespace, agent
