-- write, repeatable
-- A note from one agent to another.
INSERT INTO handoffs (id, namespace, from_agent, to_agent, note)
VALUES ($3::uuid, $1::text, $2::text, $4::text, $5::text)
ON CONFLICT (id) DO UPDATE SET id = excluded.id
RETURNING id, created_at
