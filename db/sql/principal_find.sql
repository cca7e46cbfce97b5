-- read
-- Whom a key stands for. Without a key: the local agent, as long as no key was ever made.
SELECT namespace, agent, id FROM api_keys WHERE hash = $1::bytea AND revoked_at IS NULL
UNION ALL
SELECT 'default', 'local', NULL WHERE $1 IS NULL AND NOT EXISTS (SELECT FROM api_keys)
