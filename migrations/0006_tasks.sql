-- Long work that goes on behind its answer (MCP extension io.modelcontextprotocol/tasks). A task
-- is here before its client hears of it, so any process can say how it stands; the process that
-- runs it renews the lease, and a task without one has lost its process.

CREATE TABLE IF NOT EXISTS tasks (
    id UUID PRIMARY KEY,
    namespace TEXT NOT NULL,
    agent TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'working',
    questions TEXT,
    answers JSONB NOT NULL DEFAULT '{}',
    outcome TEXT,
    lease_until TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX IF NOT EXISTS idx_tasks_expires_at ON tasks (expires_at);
