-- read
-- A key that all processes share, in hex.
SELECT encode(value, 'hex') FROM secrets WHERE name = $1::text
