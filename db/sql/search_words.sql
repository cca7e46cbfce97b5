-- read
-- The memories that fit a question best by its words.
WITH @word_hit@, hit AS (
    SELECT id, score AS base, score AS word_score, row_number() OVER (ORDER BY score DESC) AS word_rank,
        own, around, session, phrase, NULL::float8 AS distance, NULL::bigint AS vector_rank
    FROM word_hit
)
@search_page@
