-- A save leaves its terms in a list that whoever fills it must sort into the index. With 4 MB, the
-- default, that held up a group of saves once in 7,000; a shorter list is sorted sooner, and searches,
-- which read it whole, are quicker beside saves.

ALTER INDEX idx_memories_terms SET (gin_pending_list_limit = 512);
