s.id, s.name, s.created_at, s.last_active, s.status, s.merged_into, EXISTS (
        SELECT FROM current_sessions c
        WHERE c.namespace = $1 AND c.agent = $2::text AND c.session_id = s.id)
