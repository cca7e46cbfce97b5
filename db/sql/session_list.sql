-- read
-- The sessions used last.
SELECT @session_columns@, (
    SELECT count(*) FROM memories m WHERE m.session_id = s.id AND @memory_visible@)
FROM sessions s
WHERE s.namespace = $1
ORDER BY s.last_active DESC, s.id
LIMIT $3::int
