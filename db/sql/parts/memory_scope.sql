    -- What an operation is about: ids $4, session $5, agent $6, key $7, metadata $8, words (as terms) $9,
    -- and a time range [$10, $11) of the event, or of the writing. NULL: does not matter.
    ($4::uuid[] IS NULL OR m.id = ANY ($4)) AND ($5::varchar IS NULL OR m.session_id = $5)
    AND ($6::text IS NULL OR m.agent = $6) AND ($7::uuid IS NULL OR m.key_id = $7)
    AND ($8::text IS NULL OR m.metadata @> $8::jsonb) AND ($9::int[] IS NULL OR ($9 <> '{}' AND m.terms @> $9))
    AND ($10::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) >= $10)
    AND ($11::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) < $11)
