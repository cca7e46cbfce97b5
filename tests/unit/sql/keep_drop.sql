-- write
DROP TABLE IF EXISTS gather_kept
