-- read
SELECT * FROM pool_shape
