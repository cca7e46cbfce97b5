-- read
-- Memory $5, and what keeps it from being a hit of a search ($1 to $4, $6 to $8 are those of search_words.sql). No row:
-- there is none that may be seen.
SELECT m.deleted_at IS NOT NULL, $4::varchar IS NULL OR m.session_id IS NOT DISTINCT FROM $4,
    ($6::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) >= $6)
        AND ($7::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) < $7),
    NOT $8::boolean OR (m.superseded_by IS NULL AND coalesce(m.valid_until > now(), true)),
    m.lexicon IS NOT NULL,
    (SELECT json_agg(json_build_array(term, 0))::text FROM unnest($3::int[]) AS term WHERE m.terms @> ARRAY[term]),
    m.embed_state
FROM memories m
WHERE m.id = $5::uuid AND m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
