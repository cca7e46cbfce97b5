-- read
-- Does the index find what is nearest? Takes one embedding at random, and of a sample of all those
-- that are nearer to it than the last of its ten nearest by the index: how many the index found, and how many not.
-- $1: how many there are; 20,000 are enough, and take a second.
WITH asked AS MATERIALIZED (
    SELECT m.embedding FROM memories m TABLESAMPLE SYSTEM (least(100, 2000000.0 / greatest($1::bigint, 1)))
    WHERE m.embed_state = 'ok' AND m.deleted_at IS NULL ORDER BY random() LIMIT 1
), near AS MATERIALIZED (
    SELECT id, distance
    FROM (
        SELECT m.id, m.embedding <=> (SELECT embedding FROM asked) AS distance
        FROM memories m WHERE m.embed_state = 'ok' AND m.deleted_at IS NULL
        ORDER BY binary_quantize(m.embedding)::bit(4096)
            <~> binary_quantize((SELECT embedding FROM asked))::bit(4096)
        LIMIT 100
    ) AS candidate
    ORDER BY distance LIMIT 10
)
SELECT count(n.id), count(*) - count(n.id)
FROM memories m TABLESAMPLE SYSTEM (least(100, 2000000.0 / greatest($1, 1))) LEFT JOIN near n USING (id)
WHERE m.embed_state = 'ok' AND m.deleted_at IS NULL
    AND m.embedding <=> (SELECT embedding FROM asked) < (SELECT max(distance) FROM near)
