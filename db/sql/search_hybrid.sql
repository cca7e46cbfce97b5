-- read
-- The memories that fit a question best by its words and by the direction of its embedding ($15); without words
-- ($3 is empty) by the direction alone, and then the score is the cosine similarity. The sum of both, each as a part of
-- its best, the second half as much: a memory that only one way has found is measured the other way too, where there
-- is anything to measure. What stands beside a memory says what it is about, so half of its distance is that of
-- whichever of the three is nearest. The numbers were chosen by tests/bench/locomo.py (DECISIONS.md).
WITH @word_hit@, @vector_hit@, met AS MATERIALIZED (
    SELECT id, score, word_rank, own, around, session, phrase, v.vector_rank,
        coalesce(v.distance, CASE WHEN @vector_counts@ THEN m.embedding <=> $15 END) AS distance,
        m.session_id, coalesce(m.event_at, m.created_at) AS at
    FROM (SELECT *, row_number() OVER (ORDER BY score DESC) AS word_rank FROM word_hit) AS w
        FULL JOIN (SELECT *, row_number() OVER (ORDER BY distance) AS vector_rank FROM vector_hit) AS v USING (id)
        JOIN memories m USING (id)
), beside AS MATERIALIZED (
    SELECT s.id, min(n.embedding <=> $15) AS distance
    FROM met s CROSS JOIN LATERAL (
        (SELECT m.embedding FROM memories m WHERE @vector_counts@ AND @before_it@ LIMIT 1)
        UNION ALL
        (SELECT m.embedding FROM memories m WHERE @vector_counts@ AND @after_it@ LIMIT 1)
    ) AS n
    WHERE coalesce(cardinality($3), 0) > 0
    GROUP BY s.id
), placed AS MATERIALIZED (
    SELECT m.*, (m.distance + least(m.distance, b.distance)) / 2 AS away
    FROM met m LEFT JOIN beside b USING (id)
), scale AS (
    SELECT max(score) AS best_score, min(away) AS nearest,
        nullif(max(away) FILTER (WHERE vector_rank IS NOT NULL) - min(away), 0) AS width
    FROM placed
), hit AS (
    SELECT id, CASE WHEN coalesce(cardinality($3), 0) = 0 THEN 1 - distance
            ELSE coalesce(score / s.best_score, 0)
                + CASE WHEN away IS NULL THEN 0 ELSE 0.5 * greatest(1 - coalesce((away - s.nearest) / s.width, 0), 0) END
            END AS base,
        score AS word_score, word_rank, own, around, session, phrase, distance, vector_rank
    FROM placed, scale s
)
@search_page@
