-- read
SELECT pg_backend_pid()
