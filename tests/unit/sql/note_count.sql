-- read
SELECT count(*), pg_is_in_recovery()::int FROM database_notes
