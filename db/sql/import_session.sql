-- write, repeatable
-- A session as it was exported; one that is there already stays as it is.
INSERT INTO sessions (namespace, id, name, status, metadata, created_at, updated_at, last_active)
VALUES ($1::text, $2::varchar, coalesce($3::varchar, $2), coalesce($4::text, 'active'),
    coalesce($5::text, '{}')::jsonb, coalesce($6::timestamptz, now()), coalesce($7::timestamptz, now()),
    coalesce($8::timestamptz, now()))
ON CONFLICT (namespace, id) DO NOTHING
RETURNING id
