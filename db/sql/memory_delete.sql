-- write, repeatable
-- Hides memories, or shows hidden ones again ($5), and says which. What an erasure took is gone; a
-- session that was deleted meanwhile is made again. The last column: it was so before.
WITH meant AS (
    SELECT * FROM memories
    WHERE namespace = $1::text AND (visibility = 'shared' OR agent = $2::text)
        AND id = ANY ($3::uuid[]) AND operation_id IS NULL
    ORDER BY id FOR UPDATE
), changed AS (
    UPDATE memories m SET deleted_at = CASE WHEN $5::bool THEN NULL ELSE now() END,
        deleted_by = CASE WHEN $5 THEN NULL ELSE $2 END,
        deduplicated = m.deduplicated AND NOT ($5 AND EXISTS (
            SELECT FROM memories d WHERE d.namespace = $1 AND d.content_hash = m.content_hash
                AND d.deduplicated AND d.deleted_at IS NULL AND d.id <> m.id))
    FROM meant WHERE m.id = meant.id AND (m.deleted_at IS NOT NULL) = $5
    RETURNING m.id, m.session_id
), logged AS (
    INSERT INTO audit_log (namespace, agent, key_id, action, target)
    SELECT $1, $2, $4::uuid, CASE WHEN $5 THEN 'undelete' ELSE 'delete' END, id FROM changed
), made AS (
    INSERT INTO sessions (namespace, id, name) SELECT DISTINCT $1, session_id, session_id FROM changed
    WHERE $5 AND session_id IS NOT NULL
    ORDER BY 2 ON CONFLICT DO NOTHING
)
SELECT id, session_id, false FROM changed
UNION ALL
SELECT id, session_id, true FROM meant WHERE $5 AND deleted_at IS NULL
