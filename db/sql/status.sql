-- read
-- What an agent sees of its namespace.
SELECT count(*), count(*) FILTER (WHERE embed_state = 'ok'), min(created_at), max(created_at),
    (SELECT count(*) FROM sessions WHERE namespace = $1)
FROM memories
WHERE namespace = $1::text AND (visibility = 'shared' OR agent = $2::text) AND deleted_at IS NULL
