-- write
CREATE TABLE database_notes (number int)
