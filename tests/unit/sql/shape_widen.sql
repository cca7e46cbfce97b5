-- write
ALTER TABLE pool_shape ADD COLUMN IF NOT EXISTS b text
