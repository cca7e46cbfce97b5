-- API keys: who may come in, and as whom. Only the SHA-256 of a key is stored; `hint` is its
-- public beginning, so that people can tell keys apart.

CREATE TABLE IF NOT EXISTS api_keys (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    hash BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
    hint TEXT NOT NULL,
    namespace TEXT NOT NULL CHECK (namespace <> ''),
    agent TEXT NOT NULL CHECK (agent <> ''),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    revoked_at TIMESTAMP WITH TIME ZONE
);
