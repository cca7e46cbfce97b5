-- write
-- What the process that runs it says of it. The first end stands.
UPDATE tasks SET status = $2::text, questions = $3::text, outcome = $4::text, updated_at = CURRENT_TIMESTAMP
WHERE id = $1::uuid AND status IN ('working', 'input_required')
