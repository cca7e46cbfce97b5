-- write
DROP TABLE IF EXISTS pool_late
