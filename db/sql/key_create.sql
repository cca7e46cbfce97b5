-- write
-- Registers a key by its hash.
INSERT INTO api_keys (hash, hint, namespace, agent)
VALUES ($1::bytea, $2::text, $3::text, $4::text)
RETURNING id, created_at
