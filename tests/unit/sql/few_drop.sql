-- write
DROP ROLE IF EXISTS pool_few
