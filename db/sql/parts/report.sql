SELECT m.id, m.session_id, m.created_at, m.user_input,
        left(coalesce(m.agent_metadata ->> 'agent_name', m.agent), 200) COLLATE "C" AS name,
        left(m.agent_metadata ->> 'task_id', 200) AS task_id,
        left(m.agent_metadata ->> 'execution_id', 200) AS execution_id,
        m.agent_metadata -> 'performance_metrics' AS metrics,
        jsonb_path_query_first(m.agent_metadata,
            'strict $.error_count ? (@ > -1e15 && @ < 1e15)', '{}', true)::float8 AS errors,
        jsonb_path_query_first(m.agent_metadata,
            'strict $.warning_count ? (@ > -1e15 && @ < 1e15)', '{}', true)::float8 AS warnings,
        jsonb_path_query_first(m.agent_metadata,
            'strict $.quality_score ? (@ > -1e15 && @ < 1e15)', '{}', true)::float8 AS quality
    FROM memories m
    WHERE @memory_visible@ AND m.is_agent_report
        AND ($3::text IS NULL OR $3 = left(coalesce(m.agent_metadata ->> 'agent_name', m.agent), 200))
        AND ($4::text IS NULL OR m.agent_metadata ->> 'task_id' = $4)
