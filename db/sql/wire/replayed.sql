-- read
-- Fails where the log has not been replayed so far (an error ends the transaction before its query),
-- and where none is replayed: a former primary has a log of its own.
SELECT 1 / coalesce(pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::pg_lsn, false)::int
