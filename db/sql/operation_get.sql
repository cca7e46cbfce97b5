-- read
-- The receipt of an operation.
SELECT id, kind, agent, scope::text, counts::text, created_at, reversible_until, reversed_at
FROM operations WHERE namespace = $1::text AND id = $2::uuid
