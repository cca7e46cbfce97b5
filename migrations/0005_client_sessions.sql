-- What MCP clients of the older revisions leave behind between requests. A session itself is a
-- signed id that the client keeps; a row exists only for one that was ended, subscribed to
-- something, or chose a log level.

CREATE TABLE IF NOT EXISTS client_sessions (
    id TEXT PRIMARY KEY,
    namespace TEXT NOT NULL,
    subscriptions TEXT[] NOT NULL DEFAULT '{}',
    log_level TEXT,
    ended_at TIMESTAMP WITH TIME ZONE,
    touched_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX IF NOT EXISTS idx_client_sessions_touched_at ON client_sessions (touched_at);

-- Keys that all processes share. Two random UUIDs are 244 bits of the system's randomness.
CREATE TABLE IF NOT EXISTS secrets (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

INSERT INTO secrets (name, value)
    VALUES ('signing', sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea))
    ON CONFLICT DO NOTHING;
