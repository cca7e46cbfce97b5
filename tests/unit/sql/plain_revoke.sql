-- write
REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn FROM PUBLIC
