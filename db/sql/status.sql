-- read
-- What an agent sees of its namespace, what waits to be embedded in it, and what it stands on.
SELECT count(*), count(*) FILTER (WHERE embed_state = 'ok'), min(created_at), max(created_at),
    (SELECT count(*) FROM sessions WHERE namespace = $1),
    count(*) FILTER (WHERE embed_state IN ('pending', 'unchecked')),
    min(created_at) FILTER (WHERE embed_state IN ('pending', 'unchecked')),
    count(*) FILTER (WHERE embed_state = 'failed'),
    (SELECT json_object_agg(status, n)::text FROM (
        SELECT status, count(*) AS n FROM sessions WHERE namespace = $1 GROUP BY status) AS s),
    (SELECT json_object_agg(kind, count)::text FROM redaction_counts WHERE namespace = $1),
    (SELECT max(number) FROM sage_migrations),
    current_setting('server_version'),
    (SELECT extversion FROM pg_extension WHERE extname = 'vector')
FROM memories
WHERE namespace = $1::text AND (visibility = 'shared' OR agent = $2::text) AND deleted_at IS NULL
