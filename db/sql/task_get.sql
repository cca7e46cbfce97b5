-- read
-- How a task stands; one whose process is gone has failed.
SELECT CASE WHEN status IN ('working', 'input_required') AND lease_until < CURRENT_TIMESTAMP
        THEN 'lost' ELSE status END,
    questions, answers::text, outcome, created_at, updated_at
FROM tasks
WHERE id = $1::uuid AND namespace = $2::text AND agent = $3::text AND expires_at >= CURRENT_TIMESTAMP
