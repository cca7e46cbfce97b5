-- write
-- Makes a session, or touches the one there is; the last column says which.
INSERT INTO sessions (namespace, id, name)
VALUES ($1::text, $2::varchar, coalesce($3::varchar, $2))
ON CONFLICT (namespace, id) DO UPDATE SET last_active = now()
RETURNING id, name, created_at, last_active, xmax = 0
