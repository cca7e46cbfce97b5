-- write
-- Ends a task that has not ended; a row comes back when there is such a task at all.
UPDATE tasks SET status = CASE WHEN status IN ('working', 'input_required') THEN 'cancelled' ELSE status END,
    updated_at = CURRENT_TIMESTAMP
WHERE id = $1::uuid AND namespace = $2::text AND agent = $3::text AND expires_at >= CURRENT_TIMESTAMP
RETURNING 1
