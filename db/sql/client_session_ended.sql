-- read
-- The sessions that were ended and whose ids could still be shown.
SELECT id FROM client_sessions WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT $1::int
