-- write, gathered
-- Vectors of further pieces of texts as they were exported ($1 only names the row), where the memory has the words
-- that they were made from and its first vector is of the same model.
WITH given AS (
    SELECT * FROM (VALUES ($1::uuid, $2::text, $3::uuid, $4::int, $5::bytea, $6::text, $7::int, $8::vector)) AS row
        (name, namespace, memory_id, version, content_hash, model, part, embedding)
    WHERE name IS NOT NULL
), meant AS (
    SELECT g.* FROM given g JOIN memories m ON m.id = g.memory_id
    WHERE m.namespace = g.namespace AND m.version = g.version
        AND (g.content_hash IS NULL OR m.content_hash = g.content_hash)
        AND m.embed_state = 'ok' AND m.embed_model = g.model
    FOR SHARE OF m
), made AS (
    INSERT INTO memory_vectors (memory_id, model, part, embedding)
    SELECT memory_id, model, part, embedding FROM meant
    ON CONFLICT DO NOTHING
)
SELECT name FROM meant
