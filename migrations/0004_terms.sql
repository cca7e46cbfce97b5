-- Words of a memory as hashed terms (db/text.c), repeated as often as they occur. NULL: not
-- indexed yet. fastupdate is PostgreSQL's default and keeps saves quick.

ALTER TABLE memories ADD COLUMN IF NOT EXISTS terms INT[];

CREATE INDEX IF NOT EXISTS idx_memories_terms ON memories USING gin (terms);
