-- write
INSERT INTO pool_late VALUES ($1::int) RETURNING number
