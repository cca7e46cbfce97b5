-- read
-- A setting for the rest of the transaction (query_setting).
SELECT set_config($1, $2, true)
