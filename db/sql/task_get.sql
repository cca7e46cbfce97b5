-- read
-- How a task stands; one whose process is gone has failed. What is answered is no question any more,
-- also while its process has not heard of the answer yet.
SELECT CASE WHEN status NOT IN ('working', 'input_required') THEN status
        WHEN lease_until < CURRENT_TIMESTAMP THEN 'lost'
        WHEN open = '{}' THEN 'working' ELSE status END,
    open::text, answers::text, outcome, created_at, updated_at
FROM tasks, LATERAL (SELECT questions::jsonb - ARRAY(SELECT jsonb_object_keys(answers))) AS asked (open)
WHERE id = $1::uuid AND namespace = $2::text AND agent = $3::text AND expires_at >= CURRENT_TIMESTAMP
