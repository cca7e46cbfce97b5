-- read
-- Fails where the log has not been replayed so far (an error ends the transaction before its query).
SELECT 1 / (pg_last_wal_replay_lsn() >= $1::pg_lsn)::int
