-- read
-- How it stands with the indexes on the signs of embeddings, in the order of enum vector_index_kind, and how many
-- vectors there are as PostgreSQL's statistics say; $1: so many are worth an index. What is neither valid nor
-- being built was left behind by a build that failed.
SELECT CASE
        WHEN i.indisvalid THEN 'ready'
        WHEN p.pid IS NOT NULL THEN 'building'
        WHEN i.indexrelid IS NOT NULL THEN 'broken'
        WHEN s.vectors >= $1::bigint THEN 'missing'
        ELSE 'few' END,
    s.vectors,
    coalesce(p.blocks_done::float8 / nullif(p.blocks_total, 0), 0)
FROM (
    SELECT k.place, k.index, t.oid, (greatest(t.reltuples, 0) * (1 - coalesce(a.null_frac, 1)))::bigint AS vectors
    FROM (VALUES (1, 'memories', 'idx_memories_embedding_signs'), (2, 'memory_vectors', 'idx_memory_vectors_signs'))
            AS k (place, name, index)
        JOIN pg_class t ON t.oid = to_regclass(k.name) JOIN pg_namespace n ON n.oid = t.relnamespace
        LEFT JOIN pg_stats a ON a.schemaname = n.nspname AND a.tablename = t.relname AND a.attname = 'embedding'
) AS s
    LEFT JOIN pg_index i ON i.indexrelid = to_regclass(s.index)
    LEFT JOIN pg_stat_progress_create_index p ON p.relid = s.oid
ORDER BY s.place
