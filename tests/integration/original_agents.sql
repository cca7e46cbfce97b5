-- What the original Sage's migrations for agents' reports add to original_schema.sql.
ALTER TABLE memories ADD COLUMN is_agent_report BOOLEAN DEFAULT FALSE;
ALTER TABLE memories ADD COLUMN agent_metadata JSONB;

CREATE INDEX idx_memories_is_agent_report ON memories (is_agent_report) WHERE is_agent_report = TRUE;
CREATE INDEX idx_memories_agent_metadata ON memories USING gin (agent_metadata);
CREATE INDEX idx_memories_agent_name ON memories ((agent_metadata ->> 'agent_name')) WHERE is_agent_report = TRUE;
CREATE INDEX idx_memories_task_id ON memories ((agent_metadata ->> 'task_id')) WHERE is_agent_report = TRUE;
CREATE INDEX idx_memories_content_hash ON memories ((metadata ->> 'content_hash'));

CREATE VIEW agent_reports_summary AS
SELECT id, session_id, created_at, agent_metadata ->> 'agent_name' AS agent_name,
    agent_metadata ->> 'task_id' AS task_id, (agent_metadata ->> 'quality_score')::FLOAT AS quality_score
FROM memories WHERE is_agent_report = TRUE;

CREATE FUNCTION get_agent_execution_history(p_agent_name TEXT, p_task_id TEXT DEFAULT NULL, p_limit INT DEFAULT 10)
RETURNS TABLE (memory_id UUID, agent_name TEXT, task_id TEXT, executed_at TIMESTAMPTZ) AS $$
    SELECT m.id, m.agent_metadata ->> 'agent_name', m.agent_metadata ->> 'task_id', m.created_at
    FROM memories m
    WHERE m.is_agent_report = TRUE AND m.agent_metadata ->> 'agent_name' = p_agent_name
        AND (p_task_id IS NULL OR m.agent_metadata ->> 'task_id' = p_task_id)
    ORDER BY m.created_at DESC LIMIT p_limit
$$ LANGUAGE sql;

CREATE FUNCTION auto_detect_agent_report() RETURNS TRIGGER AS $$
BEGIN
    IF NEW.metadata ->> 'is_agent_report' = 'true' THEN
        NEW.is_agent_report = TRUE;
        NEW.agent_metadata = coalesce(NEW.agent_metadata,
            jsonb_build_object('agent_name', NEW.metadata ->> 'agent_name', 'task_id', NEW.metadata ->> 'agent_task_id'));
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER trigger_auto_detect_agent_report
    BEFORE INSERT OR UPDATE ON memories FOR EACH ROW EXECUTE FUNCTION auto_detect_agent_report();
