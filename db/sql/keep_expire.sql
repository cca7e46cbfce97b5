-- write, repeatable
-- Deletes what has expired, some at a time; says which.
UPDATE memories SET deleted_at = now(), deleted_by = 'expiry'
WHERE id IN (SELECT id FROM memories WHERE expires_at <= now() AND deleted_at IS NULL
    ORDER BY expires_at LIMIT $1::int FOR UPDATE SKIP LOCKED)
RETURNING id, namespace, session_id
