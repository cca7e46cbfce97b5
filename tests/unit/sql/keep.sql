-- write, gathered
-- Into a table of the test's own. A label says what else happens: it takes a while, or it ends its connection.
INSERT INTO gather_kept AS k (id, label, number, mark, doing)
SELECT id, label, number, current_setting('sage_test.mark', true), CASE label
    WHEN 'slow' THEN pg_sleep(0.3)::text
    WHEN 'fatal' THEN pg_terminate_backend(pg_backend_pid())::text END
FROM (VALUES ($1::uuid, $2::text, $3::int)) AS row (id, label, number)
WHERE id IS NOT NULL
ON CONFLICT (id) DO UPDATE SET id = excluded.id WHERE k.number = excluded.number
RETURNING id, number, txid_current(), mark
