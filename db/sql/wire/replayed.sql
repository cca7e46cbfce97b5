-- read
-- Fails where the log has not been replayed so far (an error ends the transaction before its query).
-- A replica that was promoted has everything.
SELECT 1 / (NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= $1::pg_lsn)::int
