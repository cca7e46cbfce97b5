-- read
-- BM25 (Robertson/Walker, k1 = 1.2, b = 0.75) over every memory that shares at least one term
-- with the query. Document frequency and average length are those of the candidates. The texts
-- are fetched for the best only, so that no plan has a reason to read the whole table.
WITH candidate AS (
    SELECT m.id, m.created_at, cardinality(m.terms) AS length, t.term, count(*) AS tf
    FROM memories m CROSS JOIN LATERAL unnest(m.terms) AS t (term)
    WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
        AND m.deleted_at IS NULL AND m.terms && $3::int[] AND t.term = ANY ($3::int[])
        AND ($4::varchar IS NULL OR m.session_id = $4)
        AND ($7::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) >= $7)
        AND ($8::timestamptz IS NULL OR coalesce(m.event_at, m.created_at) < $8)
    GROUP BY m.id, t.term
), corpus AS (
    SELECT count(*) AS n, greatest(avg(length), 1) AS average_length
    FROM (SELECT DISTINCT id, length FROM candidate) AS document
), idf AS (
    SELECT term, ln(1 + (n - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM candidate, corpus GROUP BY term, n
), best AS (
    SELECT id, sum(weight * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / average_length))) AS score
    FROM candidate JOIN idf USING (term), corpus
    GROUP BY id, created_at
    ORDER BY score DESC, created_at DESC, id
    LIMIT $5::int
)
SELECT m.id, m.session_id, m.agent, left(m.user_input, $6::int), left(m.assistant_response, $6),
    length(m.user_input) > $6 OR length(m.assistant_response) > $6, m.created_at,
    best.score::float8
FROM best JOIN memories m USING (id)
ORDER BY best.score DESC, m.created_at DESC, m.id
