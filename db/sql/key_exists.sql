-- read
-- Has any key ever been made?
SELECT EXISTS (SELECT FROM api_keys)
