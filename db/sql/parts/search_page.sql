-- The best of hit (id, score and what it is made of), as db/search.h reads them; texts are fetched for these only. $13, in seconds: a hit of that
-- age counts for three quarters, a much older one for half. $14: explained.
SELECT m.id, m.session_id, m.agent, left(m.user_input, $6::int), left(m.assistant_response, $6),
    length(m.user_input) > $6 OR length(m.assistant_response) > $6, m.created_at, r.score::float8,
    coalesce(m.valid_until <= now(), false), m.superseded_by, m.event_at,
    coalesce(r.word_score, 0)::float8, coalesce(r.word_rank, 0)::int, coalesce(r.own, 0)::float8,
    coalesce(r.around, 0)::float8, coalesce(r.session, 0)::float8, coalesce(r.phrase, 0)::float8,
    1 - r.distance, coalesce(r.vector_rank, 0)::int,
    CASE WHEN $14::boolean THEN (SELECT json_agg(json_build_array(a.term, round(a.idf::numeric, 3)))::text
        FROM asked a WHERE m.terms @> ARRAY[a.term]) END,
    r.fresh::float8
FROM (
    SELECT h.*, w.fresh, h.base * w.fresh AS score
    FROM hit h JOIN memories t USING (id) CROSS JOIN LATERAL (
        SELECT CASE WHEN $13::bigint IS NULL THEN 1 ELSE 0.5 + 0.5 * power(0.5,
            greatest(extract(epoch FROM now() - coalesce(t.event_at, t.created_at)), 0) / $13) END AS fresh) AS w
    ORDER BY score DESC, t.created_at DESC, id
    LIMIT $5::int
) AS r JOIN memories m USING (id)
ORDER BY r.score DESC, m.created_at DESC, m.id
