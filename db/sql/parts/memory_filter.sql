    @memory_visible@
    AND ($9::varchar IS NULL OR m.session_id = $9)
    AND ($10::text IS NULL OR m.agent = $10)
    AND ($11::text[] IS NULL OR (m.tags <> '{}'
        AND CASE WHEN $12::bool THEN m.tags @> $11 ELSE m.tags && $11 END))
    AND ($13::text IS NULL OR (m.metadata <> '{}' AND m.metadata @> $13::jsonb))
    -- Both arms have an index; coalesce() would need a third.
    AND CASE WHEN $14::timestamptz IS NULL AND $15::timestamptz IS NULL THEN true
        WHEN $16::bool THEN
            (m.event_at >= coalesce($14, '-infinity') AND m.event_at < coalesce($15, 'infinity'))
            OR (m.event_at IS NULL AND m.created_at >= coalesce($14, '-infinity')
                AND m.created_at < coalesce($15, 'infinity'))
        ELSE m.created_at >= coalesce($14, '-infinity') AND m.created_at < coalesce($15, 'infinity') END
    AND CASE $17::text
        WHEN 'active' THEN m.superseded_by IS NULL AND coalesce(m.valid_until > now(), true)
        WHEN 'stale' THEN m.valid_until <= now()
        WHEN 'superseded' THEN m.superseded_by IS NOT NULL
        WHEN 'pinned' THEN m.pinned
        WHEN 'pending' THEN m.embed_state IN ('pending', 'unchecked')
        WHEN 'failed' THEN m.embed_state = 'failed'
        WHEN 'report' THEN m.is_agent_report
        ELSE true END
    AND ($18::text IS NULL OR (m.is_agent_report AND m.agent_metadata ->> 'agent_name' = $18))
    AND ($19::text IS NULL OR (m.is_agent_report AND m.agent_metadata ->> 'task_id' = $19))
