-- read
SELECT $1::int, pg_backend_pid()
