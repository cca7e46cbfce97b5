-- vector_hit (id, distance): the nearest by cosine distance to $15, of those in scope: a memory is as near as the
-- nearest of its vectors of the current model; whose model nobody knows are taken for that. A narrow scope is
-- compared one by one; a wide one through the indexes on the signs of the numbers (server/vector_index.h), whose best
-- are then compared exactly. The line between them is where both cost the same: an exact comparison costs
-- four times what the index spends on one it passes over, and among N vectors it passes N / n times
-- 100 for a scope of n. $16: exact in any case.
vector_model AS MATERIALIZED (
    SELECT current FROM embedding_model
), vector_planner AS MATERIALIZED ( -- NULL: every scope is narrow
    SELECT max(line) FILTER (WHERE name = 'idx_memories_embedding_signs') AS wholes,
        max(line) FILTER (WHERE name = 'idx_memory_vectors_signs') AS parts
    FROM (
        SELECT name, CASE WHEN i.indisvalid AND NOT $16::boolean
            THEN greatest(500, sqrt(25 * greatest(c.reltuples, 0)))::bigint END AS line
        FROM (VALUES ('idx_memories_embedding_signs'), ('idx_memory_vectors_signs')) AS named (name)
            LEFT JOIN pg_index i ON i.indexrelid = to_regclass(name) LEFT JOIN pg_class c ON c.oid = i.indexrelid
    ) AS lines
), vector_scope AS MATERIALIZED (
    SELECT coalesce(n > wholes, false) AS wholes_wide, coalesce(n > parts, false) AS parts_wide
    FROM (
        SELECT count(*) AS n
        FROM (
            SELECT FROM memories m, vector_planner p
            WHERE coalesce(p.wholes, p.parts) IS NOT NULL AND @search_scope@ AND m.embed_state = 'ok'
            LIMIT (SELECT greatest(wholes, parts) + 1 FROM vector_planner)
        ) AS counted
    ) AS counts, vector_planner
), vector_hit AS MATERIALIZED (
    SELECT id, min(distance) AS distance
    FROM (
        (SELECT m.id, m.embedding <=> $15::vector AS distance
         FROM memories m WHERE (SELECT NOT wholes_wide FROM vector_scope) AND @search_scope@ AND @vector_counts@
         ORDER BY distance LIMIT greatest($5::int, 50))
        UNION ALL
        (SELECT id, distance
         FROM (
            SELECT m.id, m.embedding <=> $15 AS distance
            FROM memories m WHERE (SELECT wholes_wide FROM vector_scope) AND @search_scope@ AND @vector_counts@
            ORDER BY binary_quantize(m.embedding)::bit(4096) <~> binary_quantize($15)::bit(4096)
            LIMIT greatest(100, 3 * $5)
         ) AS candidate
         ORDER BY distance LIMIT greatest($5, 50))
        UNION ALL
        (SELECT m.id, v.embedding <=> $15 AS distance
         FROM memory_vectors v JOIN memories m ON m.id = v.memory_id
         WHERE (SELECT NOT parts_wide FROM vector_scope) AND @search_scope@
            AND v.model = (SELECT current FROM vector_model)
         ORDER BY distance LIMIT greatest($5, 50))
        UNION ALL
        (SELECT id, distance
         FROM (
            SELECT m.id, v.embedding <=> $15 AS distance
            FROM memory_vectors v JOIN memories m ON m.id = v.memory_id
            WHERE (SELECT parts_wide FROM vector_scope) AND @search_scope@
                AND v.model = (SELECT current FROM vector_model)
            ORDER BY binary_quantize(v.embedding)::bit(4096) <~> binary_quantize($15)::bit(4096)
            LIMIT greatest(100, 3 * $5)
         ) AS candidate
         ORDER BY distance LIMIT greatest($5, 50))
    ) AS nearest
    GROUP BY id ORDER BY min(distance) LIMIT greatest($5, 50)
)
