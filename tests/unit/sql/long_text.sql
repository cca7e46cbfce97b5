-- read
SELECT length($1::text), repeat('x', 20000000)
