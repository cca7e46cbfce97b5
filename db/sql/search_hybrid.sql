-- read
-- The memories that fit a question best by its words and by the direction of its embedding ($15); without words
-- ($3 is empty) by the direction alone, and then the score is the cosine similarity. The sum of both, each as a part of
-- its best: a memory that only one way has found is measured the other way too, where there is anything to measure.
WITH @word_hit@, @vector_hit@, met AS MATERIALIZED (
    SELECT id, score, word_rank, own, around, session, phrase,
        coalesce(v.distance, CASE WHEN @vector_counts@ THEN m.embedding <=> $15 END) AS distance, v.vector_rank
    FROM (SELECT *, row_number() OVER (ORDER BY score DESC) AS word_rank FROM word_hit) AS w
        FULL JOIN (SELECT *, row_number() OVER (ORDER BY distance) AS vector_rank FROM vector_hit) AS v USING (id)
        JOIN memories m USING (id)
), scale AS (
    SELECT max(score) AS best_score, min(distance) AS nearest,
        nullif((SELECT max(distance) FROM vector_hit) - min(distance), 0) AS width
    FROM met
), hit AS (
    SELECT id, CASE WHEN coalesce(cardinality($3), 0) = 0 THEN 1 - distance
            ELSE coalesce(score / s.best_score, 0) + greatest(1 - coalesce((distance - s.nearest) / s.width, 0), 0)
                * (distance IS NOT NULL)::int END AS base,
        score AS word_score, word_rank, own, around, session, phrase, distance, vector_rank
    FROM met, scale s
)
@search_page@
