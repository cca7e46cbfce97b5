-- write
-- Makes a session, or touches the one there is; the last column says which. Its maker is then in it.
WITH made AS (
    INSERT INTO sessions (namespace, id, name)
    VALUES ($1::text, $3::varchar, coalesce($4::varchar, $3))
    ON CONFLICT (namespace, id) DO UPDATE SET last_active = now()
    RETURNING id, name, created_at, last_active, status, merged_into, xmax = 0 AS new
), entered AS (
    INSERT INTO current_sessions (namespace, agent, session_id)
    SELECT $1, $2::text, id FROM made WHERE status = 'active'
    ON CONFLICT (namespace, agent) DO UPDATE SET session_id = excluded.session_id, chosen_at = now()
)
SELECT id, name, created_at, last_active, status, merged_into, status = 'active', new FROM made
