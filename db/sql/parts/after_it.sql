-- Of m: those after s (session_id, at, id) in its session, the nearest first.
@memory_visible@ AND m.session_id = s.session_id
            AND (coalesce(m.event_at, m.created_at), m.id) > (s.at, s.id)
        ORDER BY coalesce(m.event_at, m.created_at), m.id
