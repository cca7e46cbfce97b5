-- write
GRANT SELECT, INSERT ON database_notes TO database_plain
