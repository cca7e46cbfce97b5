-- write
-- Takes the notes that wait for an agent, oldest first.
WITH taken AS (
    UPDATE handoffs SET fetched_at = now()
    WHERE id IN (SELECT id FROM handoffs
        WHERE namespace = $1::text AND to_agent = $2::text AND fetched_at IS NULL
        ORDER BY created_at, id LIMIT $3::int FOR UPDATE SKIP LOCKED)
    RETURNING id, from_agent, note, created_at, fetched_at
)
SELECT id, from_agent, note, created_at, fetched_at FROM taken ORDER BY created_at, id
