-- read
-- Sessions in the order of their ids, from behind one on.
SELECT id, name, status, metadata::text, created_at, updated_at, last_active
FROM sessions
WHERE namespace = $1::text AND id > $2::varchar AND ($3::varchar IS NULL OR id = $3)
ORDER BY id LIMIT $4::int
