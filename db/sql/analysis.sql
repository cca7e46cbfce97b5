-- read
-- What the latest $6 memories of a filter are about: rows of (kind, name, count, weight, at), the most
-- important of each kind first. Of each text $7 characters are read. Words are those of PostgreSQL's
-- parser without English function words; runs of CJK, which has no blanks, give pairs of characters.
-- $8: minutes that the hours are ahead of UTC.
WITH visible AS MATERIALIZED (
    SELECT m.id, m.agent, m.created_at FROM memories m
    WHERE @memory_visible@
        AND ($3::varchar IS NULL OR m.session_id = $3)
        AND ($4::timestamptz IS NULL OR m.created_at >= $4)
        AND ($5::timestamptz IS NULL OR m.created_at < $5)
), whole AS MATERIALIZED (
    SELECT agent, count(*) AS n, max(created_at) AS last FROM visible GROUP BY agent
), chosen AS MATERIALIZED (
    SELECT id FROM visible ORDER BY created_at DESC, id DESC LIMIT $6::int
), sample AS MATERIALIZED (
    SELECT id, agent, session_id, created_at, merged,
        octet_length(user_input) + octet_length(assistant_response) AS bytes,
        lower(left(user_input, $7::int)) AS input,
        lower(left(user_input, $7) || ' ' || left(assistant_response, $7)) AS text
    FROM chosen JOIN memories USING (id)
), span AS (
    SELECT count(*) AS n, min(created_at) AS first, max(created_at) AS last,
        min(created_at) + (max(created_at) - min(created_at)) / 2 AS middle FROM sample
), lexeme AS MATERIALIZED (
    SELECT s.id, s.created_at > span.middle AS late, w.lexeme, cardinality(w.positions) AS n
    FROM sample s CROSS JOIN span
        CROSS JOIN LATERAL unnest(to_tsvector('simple', s.text)) AS w (lexeme, positions, weights)
), part AS MATERIALIZED (
    SELECT w.lexeme, p.word
    FROM (SELECT DISTINCT lexeme FROM lexeme) AS w CROSS JOIN LATERAL (
        SELECT w.lexeme AS word
        WHERE length(w.lexeme) BETWEEN 2 AND 40 AND NOT w.lexeme ~ '^[\d.,:/_+-]+$'
            AND (length(w.lexeme) = 2 OR NOT w.lexeme ~ '[぀-ヿ㐀-鿿]')
            AND coalesce(ts_lexize('english_stem', w.lexeme) <> '{}', true)
        UNION ALL
        SELECT substr(w.lexeme, i, 2) FROM generate_series(1, least(length(w.lexeme), 1000) - 1) AS i
        WHERE length(w.lexeme) > 2 AND w.lexeme ~ '[぀-ヿ㐀-鿿]') AS p
), word AS MATERIALIZED (
    SELECT id, late, word, sum(n) AS n FROM lexeme JOIN part USING (lexeme) GROUP BY id, late, word
), topic AS (
    SELECT word, count(*) AS memories,
        sum(1 + ln(word.n)) * ln((span.n + 1) / (count(*) + 0.5)) AS weight
    FROM word CROSS JOIN span GROUP BY word, span.n
    ORDER BY weight DESC, word LIMIT 20
), half AS (
    SELECT word, early / greatest(sum(early) OVER (), 1) AS early,
        late / greatest(sum(late) OVER (), 1) AS late
    FROM (SELECT word, sum(n) FILTER (WHERE NOT late) AS early, sum(n) FILTER (WHERE late) AS late
        FROM word GROUP BY word) AS counted
), shift AS (
    SELECT word, (coalesce(late, 0) - coalesce(early, 0))::float8 AS gain FROM half
), input AS (
    SELECT input, lag(input) OVER (PARTITION BY session_id ORDER BY created_at, id) AS before
    FROM sample
), repeated AS (
    SELECT input, count(*) AS n FROM input GROUP BY input HAVING count(*) > 1
), gap AS (
    SELECT agent, created_at - lag(created_at) OVER (PARTITION BY agent ORDER BY created_at) AS pause,
        lag(created_at) OVER (PARTITION BY agent ORDER BY created_at) AS at FROM sample
)
SELECT 'sample' AS kind, NULL::text AS name, n AS count, (SELECT sum(n) FROM whole)::float8 AS weight,
    first AS at
FROM span
UNION ALL SELECT 'topic', word, memories, weight::float8, NULL FROM topic
UNION ALL SELECT * FROM (
    SELECT 'hour', to_char(created_at AT TIME ZONE 'UTC' + make_interval(mins => $8::int), 'HH24') AS hour,
        count(*), NULL::float8, NULL::timestamptz
    FROM sample GROUP BY hour ORDER BY hour) AS hours
UNION ALL SELECT 'length', name, NULL, weight, NULL FROM (
    SELECT avg(bytes)::float8 AS mean, max(bytes)::float8 AS longest,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY bytes)::float8 AS median,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY bytes)::float8 AS p95
    FROM sample) AS l
    CROSS JOIN LATERAL (VALUES ('mean', mean), ('median', median), ('p95', p95),
        ('longest', longest)) AS v (name, weight)
    WHERE weight IS NOT NULL
UNION ALL SELECT * FROM (
    SELECT 'question', CASE
        WHEN input ~ '\m(why|how come)\M|为什么|為什麼|为何' THEN 'why'
        WHEN input ~ '\mhow\M|怎么|怎麼|怎样|如何' THEN 'how'
        WHEN input ~ '\mwhen\M|什么时候|何时' THEN 'when'
        WHEN input ~ '\mwhere\M|哪里|哪儿' THEN 'where'
        WHEN input ~ '\m(who|whose|whom)\M|谁' THEN 'who'
        WHEN input ~ '\mwhich\M|哪个|哪些' THEN 'which'
        WHEN input ~ '\mwhat\M|什么|甚麼' THEN 'what'
        ELSE 'yes or no' END AS type, count(*), NULL::float8, NULL::timestamptz
    FROM sample WHERE input ~ '[?？]|[吗呢]\s*$' GROUP BY type ORDER BY count(*) DESC, type) AS questions
UNION ALL SELECT 'repetition', 'said before', coalesce(sum(n - 1), 0)::bigint, NULL, NULL FROM repeated
UNION ALL SELECT 'repetition', 'said twice in a row', count(*), NULL, NULL FROM input
    WHERE input = before
UNION ALL SELECT 'repetition', 'merged on saving', coalesce(sum(merged), 0), NULL, NULL FROM sample
UNION ALL (SELECT 'repeated', left(input, 100), n, NULL, NULL FROM repeated
    ORDER BY n DESC, input LIMIT 10)
UNION ALL SELECT 'drift', NULL, NULL,
    1 - coalesce(sum(early * late), 0)::float8 / sqrt(sum(early ^ 2) * sum(late ^ 2))::float8,
    (SELECT middle FROM span)
    FROM half HAVING sum(early) > 0 AND sum(late) > 0
UNION ALL (SELECT 'rising', word, NULL, gain, NULL FROM shift
    WHERE gain > 0 ORDER BY gain DESC, word LIMIT 10)
UNION ALL (SELECT 'falling', word, NULL, -gain, NULL FROM shift
    WHERE gain < 0 ORDER BY gain, word LIMIT 10)
UNION ALL (SELECT 'agent', agent, n, extract(epoch FROM now() - last)::float8, last FROM whole
    ORDER BY last DESC, agent LIMIT 50)
UNION ALL (SELECT 'gap', agent, NULL, extract(epoch FROM max(pause))::float8, min(at) FROM (
    SELECT *, row_number() OVER (PARTITION BY agent ORDER BY pause DESC) AS place
    FROM gap WHERE pause IS NOT NULL) AS g
    WHERE place = 1 GROUP BY agent ORDER BY max(pause) DESC, agent LIMIT 50)
