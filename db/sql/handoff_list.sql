-- read
-- The notes for an agent, waiting and fetched, latest first.
SELECT id, from_agent, note, created_at, fetched_at FROM handoffs
WHERE namespace = $1::text AND to_agent = $2::text
ORDER BY created_at DESC, id
LIMIT $3::int
