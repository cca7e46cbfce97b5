-- read
-- All keys, the newest last; never their hashes.
SELECT id, hint, namespace, agent, created_at, revoked_at FROM api_keys ORDER BY created_at, id
