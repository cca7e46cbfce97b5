-- vector_hit (id, distance): the nearest by cosine distance to $15, of those in scope. A narrow scope is
-- compared one by one; a wide one through the index on the signs of the numbers (vector_index.c), whose best
-- are then compared exactly. The line between them is where both cost the same: an exact comparison costs
-- four times what the index spends on one it passes over, and among N vectors it passes N / n times
-- 100 for a scope of n. $16: exact in any case.
vector_planner AS MATERIALIZED (
    SELECT CASE WHEN i.indisvalid AND NOT $16::boolean THEN greatest(500, sqrt(25 * greatest(c.reltuples, 0)))::bigint
        END AS narrow -- NULL: all are
    FROM (SELECT to_regclass('idx_memories_embedding_signs') AS id) AS named
        LEFT JOIN pg_index i ON i.indexrelid = named.id LEFT JOIN pg_class c ON c.oid = named.id
), vector_scope AS MATERIALIZED (
    SELECT coalesce(count(*) > (SELECT narrow FROM vector_planner), false) AS wide
    FROM (
        SELECT FROM memories m, vector_planner p WHERE p.narrow IS NOT NULL AND @search_scope@ AND m.embed_state = 'ok'
        LIMIT (SELECT narrow + 1 FROM vector_planner)
    ) AS counted
), vector_hit AS MATERIALIZED (
    (SELECT m.id, m.embedding <=> $15::vector AS distance
     FROM memories m WHERE (SELECT NOT wide FROM vector_scope) AND @search_scope@ AND m.embed_state = 'ok'
     ORDER BY distance LIMIT greatest($5::int, 50))
    UNION ALL
    (SELECT id, distance
     FROM (
        SELECT m.id, m.embedding <=> $15::vector AS distance
        FROM memories m WHERE (SELECT wide FROM vector_scope) AND @search_scope@ AND m.embed_state = 'ok'
        ORDER BY binary_quantize(m.embedding)::bit(4096) <~> binary_quantize($15::vector)::bit(4096)
        LIMIT greatest(100, 3 * $5)
     ) AS candidate
     ORDER BY distance LIMIT greatest($5::int, 50))
)
