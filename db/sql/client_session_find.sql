-- read
-- One row for each subscription, or one without.
SELECT s.log_level, s.ended_at IS NOT NULL, u.uri
FROM client_sessions s LEFT JOIN LATERAL unnest(s.subscriptions) AS u (uri) ON true
WHERE s.id = $1::text
