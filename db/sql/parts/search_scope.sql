@memory_visible@
    AND ($4::varchar IS NULL OR m.session_id = $4)
    AND ($10::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) >= $10)
    AND ($11::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) < $11)
    AND (NOT $12::boolean OR (m.superseded_by IS NULL AND coalesce(m.valid_until > now(), true)))
