-- read
SELECT pg_sleep($1::int / 1000.0), 1
