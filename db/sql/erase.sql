-- write
-- Erases memories for good: the rows, what they were before, and, where the scope is an agent, what that agent
-- left to others. A receipt of counts remains, without words. With $12 nothing is erased, only counted.
WITH meant AS (
    SELECT m.id FROM memories m
    WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
        AND @memory_scope@
    ORDER BY m.id FOR UPDATE
), versions AS (
    DELETE FROM memory_versions v WHERE NOT $12::bool AND v.memory_id IN (SELECT id FROM meant)
    RETURNING 1
), rows AS (
    DELETE FROM memories m WHERE NOT $12 AND m.id IN (SELECT id FROM meant) RETURNING 1
), unlinked AS (
    UPDATE memories m SET supersedes = CASE WHEN supersedes IN (SELECT id FROM meant) THEN NULL ELSE supersedes END,
        superseded_by = CASE WHEN superseded_by IN (SELECT id FROM meant) THEN NULL ELSE superseded_by END
    WHERE NOT $12 AND m.namespace = $1 AND m.id NOT IN (SELECT id FROM meant)
        AND (m.supersedes IN (SELECT id FROM meant) OR m.superseded_by IN (SELECT id FROM meant))
), notes AS (
    DELETE FROM handoffs h WHERE NOT $12 AND h.namespace = $1 AND h.from_agent = $6 RETURNING 1
), works AS (
    DELETE FROM tasks t WHERE NOT $12 AND t.namespace = $1 AND t.agent = $6 RETURNING 1
), emptied AS (
    DELETE FROM sessions s WHERE NOT $12 AND s.namespace = $1 AND s.id = $5 AND s.id <> 'default'
        AND NOT EXISTS (SELECT FROM memories m WHERE m.namespace = $1 AND m.session_id = s.id
            AND m.id NOT IN (SELECT id FROM meant))
    RETURNING 1
), logged AS (
    UPDATE audit_log SET detail = NULL WHERE NOT $12 AND namespace = $1
        AND target IN (SELECT id FROM meant) AND detail IS NOT NULL
), counted AS (
    SELECT jsonb_build_object('memories', (SELECT count(*) FROM meant),
        'versions', CASE WHEN $12 THEN (SELECT count(*) FROM memory_versions
            WHERE memory_id IN (SELECT id FROM meant)) ELSE (SELECT count(*) FROM versions) END,
        'handoffs', (SELECT count(*) FROM notes), 'tasks', (SELECT count(*) FROM works),
        'sessions', (SELECT count(*) FROM emptied)) AS counts
), receipt AS (
    INSERT INTO operations (id, namespace, agent, kind, scope, counts)
    SELECT $3::uuid, $1, $2, 'erase', $13::text::jsonb, counts FROM counted WHERE NOT $12
)
SELECT counts::text, (SELECT count(*) FROM meant) FROM counted
