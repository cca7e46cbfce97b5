-- write
CREATE TABLE IF NOT EXISTS pool_shape (a int)
