-- What a memory is beside its words. Columns that an original Sage database may have already
-- (is_agent_report, agent_metadata) are kept as they are. Every default is a constant, so that
-- no table is rewritten; every statement changes nothing when it is run again.

ALTER TABLE memories
    ADD COLUMN IF NOT EXISTS is_agent_report BOOLEAN DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS agent_metadata JSONB,
    -- private: seen by its agent alone. shared: by all agents of its namespace.
    ADD COLUMN IF NOT EXISTS visibility TEXT NOT NULL DEFAULT 'shared'
        CHECK (visibility IN ('shared', 'private')),
    ADD COLUMN IF NOT EXISTS key_id UUID,                -- the API key that wrote it; NULL: none
    ADD COLUMN IF NOT EXISTS tags TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS event_at TIMESTAMP WITH TIME ZONE, -- when it happened, if not when it was written
    ADD COLUMN IF NOT EXISTS content_hash BYTEA,         -- SHA-256 (db/memories.c); NULL: written by another program
    ADD COLUMN IF NOT EXISTS deduplicated BOOLEAN NOT NULL DEFAULT FALSE, -- a second save of its words in its session merges into it
    ADD COLUMN IF NOT EXISTS merged INT NOT NULL DEFAULT 0, -- how often that happened
    ADD COLUMN IF NOT EXISTS supersedes UUID,
    ADD COLUMN IF NOT EXISTS superseded_by UUID,
    ADD COLUMN IF NOT EXISTS valid_until TIMESTAMP WITH TIME ZONE, -- afterwards it is stale, but kept
    ADD COLUMN IF NOT EXISTS expires_at TIMESTAMP WITH TIME ZONE,  -- afterwards it is deleted
    ADD COLUMN IF NOT EXISTS pinned BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS version INT NOT NULL DEFAULT 1,
    ADD COLUMN IF NOT EXISTS deleted_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN IF NOT EXISTS deleted_by TEXT,
    ADD COLUMN IF NOT EXISTS operation_id UUID,          -- the roll-back that hid it
    -- none: nothing to embed with. unchecked: from an original Sage, maybe one of its random
    -- vectors. pending, failed: to be embedded. ok.
    ADD COLUMN IF NOT EXISTS embed_state TEXT NOT NULL DEFAULT 'pending'
        CHECK (embed_state IN ('none', 'unchecked', 'pending', 'ok', 'failed')),
    ADD COLUMN IF NOT EXISTS embed_model TEXT,
    ADD COLUMN IF NOT EXISTS embed_attempts INT NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS embed_error TEXT,
    ADD COLUMN IF NOT EXISTS embed_at TIMESTAMP WITH TIME ZONE, -- next attempt; NULL: at once
    -- The change feed's order. A transaction id, because sequence numbers become visible out of order.
    ADD COLUMN IF NOT EXISTS change_xid XID8 NOT NULL DEFAULT '0',
    ADD COLUMN IF NOT EXISTS change_seq BIGINT NOT NULL DEFAULT 0;

CREATE SEQUENCE IF NOT EXISTS memory_changes CACHE 32;

ALTER TABLE memories
    ALTER COLUMN change_xid SET DEFAULT pg_current_xact_id(),
    ALTER COLUMN change_seq SET DEFAULT nextval('memory_changes');

UPDATE memories SET embed_state = 'unchecked'
WHERE embedding IS NOT NULL AND embed_state = 'pending' AND embed_model IS NULL;

-- updated_at and the feed move when something changed that a reader sees, not for housekeeping.
CREATE OR REPLACE FUNCTION memory_changed() RETURNS TRIGGER AS $$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    NEW.change_xid = pg_current_xact_id();
    NEW.change_seq = nextval('memory_changes');
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER update_memories_updated_at
    BEFORE UPDATE ON memories FOR EACH ROW
    WHEN ((OLD.session_id, OLD.user_input, OLD.assistant_response, OLD.metadata, OLD.agent_metadata,
           OLD.visibility, OLD.tags, OLD.event_at, OLD.supersedes, OLD.superseded_by, OLD.valid_until,
           OLD.expires_at, OLD.pinned, OLD.deleted_at)
        IS DISTINCT FROM
          (NEW.session_id, NEW.user_input, NEW.assistant_response, NEW.metadata, NEW.agent_metadata,
           NEW.visibility, NEW.tags, NEW.event_at, NEW.supersedes, NEW.superseded_by, NEW.valid_until,
           NEW.expires_at, NEW.pinned, NEW.deleted_at))
    EXECUTE FUNCTION memory_changed();

CREATE UNIQUE INDEX IF NOT EXISTS idx_memories_content ON memories
    (namespace, content_hash, session_id, (CASE WHEN visibility = 'private' THEN agent ELSE '' END))
    WHERE deduplicated AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_memories_namespace_created ON memories (namespace, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS idx_memories_changes ON memories (namespace, change_xid, change_seq, id);
CREATE INDEX IF NOT EXISTS idx_memories_pinned ON memories (namespace, created_at DESC, id DESC)
    WHERE pinned AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_memories_tags ON memories USING gin (tags) WHERE tags <> '{}';
CREATE INDEX IF NOT EXISTS idx_memories_metadata ON memories USING gin (metadata jsonb_path_ops)
    WHERE metadata <> '{}';
CREATE INDEX IF NOT EXISTS idx_memories_to_embed ON memories (embed_at NULLS FIRST, id)
    WHERE embed_state IN ('pending', 'unchecked', 'failed') AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_memories_unindexed ON memories (id)
    WHERE terms IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_memories_expires ON memories (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_memories_reports ON memories
    (namespace, (agent_metadata ->> 'agent_name'), (agent_metadata ->> 'task_id'), created_at DESC)
    WHERE is_agent_report;
CREATE INDEX IF NOT EXISTS idx_memories_operation ON memories (operation_id) WHERE operation_id IS NOT NULL;

-- What update_memory replaced.
CREATE TABLE IF NOT EXISTS memory_versions (
    memory_id UUID NOT NULL,
    version INT NOT NULL,
    namespace TEXT NOT NULL,
    session_id VARCHAR(255),
    user_input TEXT NOT NULL,
    assistant_response TEXT NOT NULL,
    metadata JSONB,
    tags TEXT[] NOT NULL DEFAULT '{}',
    visibility TEXT NOT NULL,
    event_at TIMESTAMP WITH TIME ZONE,
    valid_until TIMESTAMP WITH TIME ZONE,
    pinned BOOLEAN NOT NULL,
    content_hash BYTEA,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL,  -- when these words were written
    replaced_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    replaced_by TEXT NOT NULL,                     -- the agent that did it
    PRIMARY KEY (memory_id, version)
);

ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS status TEXT NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'paused', 'completed', 'archived')),
    ADD COLUMN IF NOT EXISTS merged_into VARCHAR(255);

-- The session an agent has switched to.
CREATE TABLE IF NOT EXISTS current_sessions (
    namespace TEXT NOT NULL,
    agent TEXT NOT NULL,
    session_id VARCHAR(255) NOT NULL,
    chosen_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (namespace, agent)
);

-- Notes from one agent to another, on top of its context until it has fetched them.
CREATE TABLE IF NOT EXISTS handoffs (
    id UUID PRIMARY KEY,
    namespace TEXT NOT NULL,
    from_agent TEXT NOT NULL,
    to_agent TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    fetched_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX IF NOT EXISTS idx_handoffs_waiting ON handoffs (namespace, to_agent, created_at)
    WHERE fetched_at IS NULL;

-- Receipts of what was erased (counts, never words), and of roll-backs, which can be reversed for a while.
CREATE TABLE IF NOT EXISTS operations (
    id UUID PRIMARY KEY,
    namespace TEXT NOT NULL,
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('erase', 'roll_back', 'retention')),
    scope JSONB NOT NULL,
    counts JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    reversible_until TIMESTAMP WITH TIME ZONE,
    reversed_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX IF NOT EXISTS idx_operations_namespace ON operations (namespace, created_at DESC);

-- Who did what to which memory; never its words.
CREATE TABLE IF NOT EXISTS audit_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    namespace TEXT NOT NULL,
    agent TEXT NOT NULL,
    key_id UUID,
    action TEXT NOT NULL,
    target UUID,
    detail JSONB
);

CREATE INDEX IF NOT EXISTS idx_audit_log_namespace ON audit_log (namespace, at DESC);

-- What was taken out of texts before they were stored, by kind (db/redact.h).
CREATE TABLE IF NOT EXISTS redaction_counts (
    namespace TEXT NOT NULL,
    kind TEXT NOT NULL,
    count BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, kind)
);
