-- read
-- How it stands with the index on the signs of embeddings, and how many there are as PostgreSQL's statistics
-- say; $1: so many are worth one. What is neither valid nor being built was left behind by a build that failed.
SELECT CASE
        WHEN i.indisvalid THEN 'ready'
        WHEN p.pid IS NOT NULL THEN 'building'
        WHEN i.indexrelid IS NOT NULL THEN 'broken'
        WHEN s.vectors >= $1::bigint THEN 'missing'
        ELSE 'few' END,
    s.vectors,
    coalesce(p.blocks_done::float8 / nullif(p.blocks_total, 0), 0)
FROM (
    SELECT t.oid, (greatest(t.reltuples, 0) * (1 - coalesce(a.null_frac, 1)))::bigint AS vectors
    FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
        LEFT JOIN pg_stats a ON a.schemaname = n.nspname AND a.tablename = t.relname AND a.attname = 'embedding'
    WHERE t.oid = 'memories'::regclass
) AS s
    LEFT JOIN pg_index i ON i.indexrelid = to_regclass('idx_memories_embedding_signs')
    LEFT JOIN pg_stat_progress_create_index p ON p.relid = s.oid
LIMIT 1
