-- word_hit (id, score, own, around, session, phrase): BM25 (k1 = 1.2; length counts with b = .2) over the memory,
-- its neighbours and its session, and what these were.
--
-- Rare terms of the question choose the candidates, the rarest first, as long as they are few enough; all terms
-- score them. Of the best, and of the memories before and after them, each term then counts three times: where it is;
-- where it is in the memory or the ones beside it, by how much of the question there is; and half where it is
-- anywhere in the session, as far as it was found. A word's beginning ($7, of the term $8, where $9 is 0) is a quarter
-- of the word. What follows a question is its answer: the question's words count once more there. Phrases ($7, of the
-- terms $8 and $9) count a little for the rarer of their words. What has no word of the question is no hit.
-- Every number here was chosen by tests/bench/locomo.py (DECISIONS.md).
folded AS MATERIALIZED (
    SELECT memories, words FROM lexicon_totals WHERE namespace = $1::text
), noted AS MATERIALIZED (
    -- what is not counted yet; in a large namespace it hardly matters
    SELECT terms, change, words FROM lexicon_changes
    WHERE namespace = $1 AND coalesce((SELECT memories FROM folded), 0) < 20000
    LIMIT 1000
), corpus AS MATERIALIZED (
    SELECT greatest(total.memories, 1) AS memories, greatest(total.words, 1) / greatest(total.memories, 1)::float8 AS average
    FROM (SELECT coalesce((SELECT f.memories FROM folded f), 0) + coalesce(sum(n.change), 0) AS memories,
            coalesce((SELECT f.words FROM folded f), 0) + coalesce(sum(n.change * n.words::bigint), 0) AS words
        FROM noted n) AS total
), noted_terms AS (
    SELECT u.term, sum(n.change) AS memories
    FROM noted n CROSS JOIN LATERAL unnest(n.terms) AS u (term)
    WHERE n.terms && $3::int[] AND u.term = ANY ($3)
    GROUP BY u.term
), asked AS MATERIALIZED (
    SELECT f.term, f.memories,
        ln(1 + (greatest(c.memories - f.memories, 0) + 0.5) / (f.memories + 0.5))::float8 AS idf,
        b.beginning, format('{%s:1%s}/1000000000', f.term, ',' || b.beginning || ':0.25')::sparsevec AS unit
    FROM corpus c CROSS JOIN LATERAL (
        SELECT u.term, greatest(coalesce(l.memories, 0) + coalesce(n.memories, 0), 0) AS memories
        FROM unnest($3::int[]) AS u (term)
            LEFT JOIN lexicon_terms l ON l.term = u.term AND l.namespace = $1
            LEFT JOIN noted_terms n ON n.term = u.term) AS f (term, memories)
        LEFT JOIN unnest($7::int[], $8::int[], $9::int[]) AS b (beginning, term, none) ON b.term = f.term AND b.none = 0
), question AS MATERIALIZED (
    SELECT format('{%s}/1000000000', string_agg(concat(term, ':', idf, ',' || beginning || ':' || 0.25 * idf), ','))::sparsevec AS vector,
        format('{%s}/1000000000', string_agg((term + 499999999) % 1000000000 + 1 || ':' || idf, ','))::sparsevec AS asked,
        sum(idf) AS idf
    FROM asked
), phrases AS MATERIALIZED (
    SELECT format('{%s}/1000000000', string_agg(p.phrase || ':' || least(a.idf, b.idf), ','))::sparsevec AS vector
    FROM unnest($7::int[], $8::int[], $9::int[]) AS p (phrase, before, after)
        JOIN asked a ON a.term = p.before JOIN asked b ON b.term = p.after
), within AS MATERIALIZED (
    -- one small session: all its memories are candidates
    SELECT $4::varchar IS NOT NULL AND 5000 >= (SELECT count(*) FROM (SELECT FROM memories
        WHERE namespace = $1 AND session_id = $4 AND deleted_at IS NULL LIMIT 5001) AS m) AS small
), chosen AS MATERIALIZED (
    SELECT array_agg(term) AS terms
    FROM (SELECT term, sum(memories) OVER (ORDER BY memories, term) AS upto,
            row_number() OVER (ORDER BY memories, term) AS place FROM asked) AS a
    WHERE upto <= 5000 OR place = 1
), candidate AS (
    (SELECT m.id, m.session_id, m.event_at, m.created_at, m.lexicon, m.words FROM memories m
    WHERE NOT (SELECT small FROM within) AND @search_scope@
        AND m.terms && (SELECT terms FROM chosen)
    LIMIT 20000)
    UNION ALL
    SELECT m.id, m.session_id, m.event_at, m.created_at, m.lexicon, m.words FROM memories m
    WHERE (SELECT small FROM within) AND @search_scope@
        AND m.session_id = $4 AND m.terms && $3
), seed AS MATERIALIZED (
    SELECT id, session_id, coalesce(event_at, created_at) AS at
    FROM candidate
    ORDER BY (lexicon <#> (SELECT vector FROM question))
        / (0.8 + 0.2 * words / (SELECT average FROM corpus)), created_at DESC, id
    LIMIT 100
), near AS MATERIALIZED (
    -- in which order two memories stand, one of them a seed
    SELECT b.id AS before, s.id AS after FROM seed s CROSS JOIN LATERAL (
        SELECT m.id FROM memories m WHERE @before_it@ LIMIT 1) AS b
    UNION
    SELECT s.id, a.id FROM seed s CROSS JOIN LATERAL (
        SELECT m.id FROM memories m WHERE @after_it@ LIMIT 1) AS a
), document AS MATERIALIZED (
    SELECT m.id, m.session_id, m.created_at, m.lexicon,
        0.8 + 0.2 * m.words / (SELECT average FROM corpus) AS length,
        m.lexicon <#> '{1:1}/1000000000' < 0 AS asks,
        @search_scope@ AS fits
    FROM (SELECT id FROM seed UNION SELECT before FROM near UNION SELECT after FROM near) AS d
        JOIN memories m USING (id)
    WHERE m.lexicon IS NOT NULL
), found AS MATERIALIZED (
    SELECT d.id, d.session_id, a.term, a.idf, a.idf * -(d.lexicon <#> a.unit) / d.length AS weight
    FROM document d CROSS JOIN asked a
), part AS MATERIALIZED (
    SELECT * FROM found WHERE weight > 0
), around AS (
    SELECT id, sum(weight) * sqrt(sum(idf)) AS score
    FROM (SELECT id, term, idf, max(weight) AS weight
        FROM (SELECT id, term, idf, weight FROM part
            UNION ALL SELECT n.after, p.term, p.idf, p.weight FROM near n JOIN part p ON p.id = n.before
            UNION ALL SELECT n.before, p.term, p.idf, 0.8 * p.weight FROM near n JOIN part p ON p.id = n.after) AS w
        GROUP BY id, term, idf) AS best
    GROUP BY id
), session AS (
    SELECT session_id, sum(weight) AS score
    FROM (SELECT session_id, term, max(weight) AS weight FROM part GROUP BY session_id, term) AS best
    GROUP BY session_id
), own AS (
    SELECT id, sum(weight) AS score FROM part GROUP BY id
), answer AS (
    SELECT n.after AS id, 0.6 * -(d.lexicon <#> q.asked) / d.length + 0.3 * CASE WHEN d.asks THEN o.score ELSE 0 END AS score
    FROM near n JOIN document d ON d.id = n.before JOIN own o ON o.id = n.before, question q
), word_hit AS MATERIALIZED (
    SELECT id, own + around + session + phrase AS score, own, around, session, phrase
    FROM (SELECT d.id, d.created_at, o.score AS own, a.score / sqrt(q.idf) + coalesce(r.score, 0) AS around,
            0.5 * coalesce(s.score, 0) AS session,
            0.3 * coalesce(-(d.lexicon <#> p.vector), 0) / d.length AS phrase
        FROM document d JOIN own o USING (id) JOIN around a USING (id)
            LEFT JOIN answer r USING (id) LEFT JOIN session s ON s.session_id = d.session_id, question q, phrases p
        WHERE d.fits) AS scored
    ORDER BY own + around + session + phrase DESC, created_at DESC, id
    LIMIT greatest($5::int, 50)
)
