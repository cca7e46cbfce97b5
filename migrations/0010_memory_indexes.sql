-- What statements look for and found no index for, instead of two that nothing uses: every statement
-- names its namespace, so the original's indexes on the session and on the time alone only cost each save.
-- Every statement changes nothing when it is run again.

DROP INDEX IF EXISTS idx_memories_session_id;
DROP INDEX IF EXISTS idx_memories_created_at;

-- Neighbours of a memory, in the order of what happened.
CREATE INDEX IF NOT EXISTS idx_memories_session_time ON memories
    (namespace, session_id, (coalesce(event_at, created_at)), id);
-- What one agent wrote: to list it, and for operations. Without the time it stays small.
CREATE INDEX IF NOT EXISTS idx_memories_agent ON memories (namespace, agent);

-- These cost nothing where a memory has no such thing.
CREATE INDEX IF NOT EXISTS idx_memories_event ON memories (namespace, event_at) WHERE event_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_memories_superseded ON memories (namespace, created_at DESC, id DESC)
    WHERE superseded_by IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_memories_valid_until ON memories (namespace, valid_until)
    WHERE valid_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_memories_failed ON memories (namespace, created_at DESC, id DESC)
    WHERE embed_state = 'failed';
