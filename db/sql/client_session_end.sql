-- write
-- Ends a session for every process, and forgets sessions whose ids have expired.
WITH forgotten AS (
    DELETE FROM client_sessions WHERE touched_at < CURRENT_TIMESTAMP - $3::int * INTERVAL '1 second'
)
INSERT INTO client_sessions (id, namespace, ended_at) VALUES ($1::text, $2::text, CURRENT_TIMESTAMP)
ON CONFLICT (id) DO UPDATE SET ended_at = CURRENT_TIMESTAMP, touched_at = CURRENT_TIMESTAMP,
    subscriptions = '{}'
