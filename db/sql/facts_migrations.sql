-- read
-- Which migrations have run.
SELECT number, checksum FROM sage_migrations ORDER BY number
