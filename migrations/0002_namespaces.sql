-- Who a memory belongs to. Every statement of the server names the namespace of the caller's
-- credential; rows from before belong to the namespace 'default'. Session ids become unique
-- per namespace instead of globally.

ALTER TABLE memories ADD COLUMN IF NOT EXISTS namespace TEXT NOT NULL DEFAULT 'default';
ALTER TABLE memories ADD COLUMN IF NOT EXISTS agent TEXT NOT NULL DEFAULT 'local';
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS namespace TEXT NOT NULL DEFAULT 'default';

DO $$
BEGIN
    IF (SELECT cardinality(conkey) FROM pg_constraint
        WHERE conrelid = 'sessions'::regclass AND contype = 'p') = 1 THEN
        ALTER TABLE sessions DROP CONSTRAINT sessions_pkey;
        ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (namespace, id);
    END IF;
END;
$$;

CREATE INDEX IF NOT EXISTS idx_memories_namespace_session
    ON memories (namespace, session_id, created_at DESC);
CREATE INDEX IF NOT EXISTS idx_sessions_namespace_last_active
    ON sessions (namespace, last_active DESC);
