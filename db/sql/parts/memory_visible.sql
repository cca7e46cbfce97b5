m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text) AND m.deleted_at IS NULL
