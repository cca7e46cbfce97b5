-- read
SELECT count(*), count(DISTINCT number) FROM gather_kept
