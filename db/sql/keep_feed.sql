-- write, repeatable
-- After a restore into another cluster, transaction ids may lie ahead of its own: those changes count as old.
UPDATE memories SET change_xid = '0'
WHERE change_xid > pg_snapshot_xmax(pg_current_snapshot())
RETURNING id
