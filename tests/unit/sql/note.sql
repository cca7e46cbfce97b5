-- write
INSERT INTO database_notes VALUES ($1::int) RETURNING number
