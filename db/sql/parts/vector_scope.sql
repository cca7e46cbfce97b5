@memory_visible@
    AND m.embed_state = 'ok' AND ($4::varchar IS NULL OR m.session_id = $4)
