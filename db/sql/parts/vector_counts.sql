m.embed_state = 'ok'
    AND (m.embed_model IS NULL OR m.embed_model = coalesce((SELECT current FROM vector_model), m.embed_model))
