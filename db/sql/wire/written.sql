-- read
-- How far the log reaches; asked right after a commit.
SELECT pg_current_wal_insert_lsn()
