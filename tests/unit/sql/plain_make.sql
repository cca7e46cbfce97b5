-- write
CREATE ROLE database_plain LOGIN
