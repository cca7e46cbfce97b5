-- read
-- Sessions in the order of their last use, from behind the cursor (last_active, id) on.
SELECT s.id, s.name, s.created_at, s.last_active
FROM sessions s
WHERE s.namespace = $1::text
    AND ($2::timestamptz IS NULL OR (s.last_active, s.id) < ($2, $3::varchar))
ORDER BY s.last_active DESC, s.id DESC
LIMIT $4::int
