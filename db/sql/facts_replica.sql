-- read
-- How far a replica has replayed the log.
SELECT (pg_last_wal_replay_lsn() - '0/0')::int8
