-- write
INSERT INTO client_sessions (id, namespace, log_level) VALUES ($1::text, $2::text, $3::text)
ON CONFLICT (id) DO UPDATE SET log_level = $3, touched_at = CURRENT_TIMESTAMP
