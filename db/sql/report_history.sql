-- read
-- The executions that agents reported, the latest first, from behind a place ($6, $7) on. Larger
-- metrics are only in the memory itself.
WITH report AS (
    @report@
)
SELECT id, name, task_id, execution_id, session_id, created_at, errors, warnings, quality,
    CASE WHEN octet_length(metrics::text) <= 4096 THEN metrics::text END, left(user_input, 200)
FROM report
WHERE $6::timestamptz IS NULL OR (created_at, id) < ($6, $7::uuid)
ORDER BY created_at DESC, id DESC
LIMIT $5::int
