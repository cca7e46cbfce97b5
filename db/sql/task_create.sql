-- write
-- A new task; forgets those whose time is over.
WITH forgotten AS (DELETE FROM tasks WHERE expires_at < CURRENT_TIMESTAMP)
INSERT INTO tasks (id, namespace, agent, owner, lease_until, expires_at)
VALUES ($1::uuid, $2::text, $3::text, $4::text, CURRENT_TIMESTAMP + $5::int * INTERVAL '1 second',
    CURRENT_TIMESTAMP + $6::int * INTERVAL '1 second')
RETURNING created_at
