-- read
-- One session, or that which the agent is in ($3 NULL), with what the agent sees in it.
SELECT @session_columns@, count(m.id), min(m.created_at), max(m.created_at)
FROM sessions s LEFT JOIN memories m ON m.session_id = s.id AND @memory_visible@
WHERE s.namespace = $1 AND s.id = coalesce($3::varchar, (SELECT session_id FROM current_sessions
    WHERE namespace = $1 AND agent = $2), 'default')
GROUP BY s.namespace, s.id
