-- write
-- The process that runs these tasks is alive.
UPDATE tasks SET lease_until = CURRENT_TIMESTAMP + $2::int * INTERVAL '1 second'
WHERE owner = $1::text AND status IN ('working', 'input_required')
