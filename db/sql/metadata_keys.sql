-- read
-- Keys of the metadata of the latest $3 memories that have any, in their order, behind $4: how often,
-- with which types, and the three most frequent values, cut to 100 characters.
WITH sample AS MATERIALIZED (
    SELECT m.metadata FROM memories m
    WHERE @memory_visible@ AND m.metadata <> '{}' AND jsonb_typeof(m.metadata) = 'object'
    ORDER BY m.created_at DESC LIMIT $3::int
), value AS (
    SELECT left(e.key, 200) COLLATE "C" AS key, jsonb_typeof(e.value) AS type,
        left(e.value::text, 100) AS value, count(*) AS n
    FROM sample CROSS JOIN LATERAL jsonb_each(metadata) AS e
    GROUP BY 1, 2, 3
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY n DESC, value) AS place FROM value
)
SELECT key, sum(n)::bigint, (
        SELECT json_object_agg(type, n)::text FROM (
            SELECT type, sum(n) AS n FROM value v WHERE v.key = placed.key GROUP BY type) AS types),
    (json_agg(value ORDER BY place) FILTER (WHERE place <= 3))::text, (SELECT count(*) FROM sample)
FROM placed
WHERE $4::text IS NULL OR key > $4
GROUP BY key
ORDER BY key
LIMIT $5::int
