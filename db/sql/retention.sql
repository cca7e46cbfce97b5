-- write
-- Deletes what the rules say, or with $7 only counts it: older than $3, in sessions idle since $4, beyond the latest
-- $5 of the namespace. Pinned memories stay. What was deleted before $6 is taken away for good.
WITH ranked AS (
    SELECT m.id, m.session_id, m.created_at, m.pinned,
        row_number() OVER (ORDER BY m.created_at DESC, m.id DESC) AS place
    FROM memories m
    WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
        AND m.deleted_at IS NULL
), meant AS (
    SELECT r.id, coalesce(r.created_at < $3::timestamptz, false) AS old,
        coalesce(s.last_active < $4::timestamptz, false) AS idle,
        coalesce(r.place > $5::bigint, false) AS beyond
    FROM ranked r LEFT JOIN sessions s ON s.namespace = $1 AND s.id = r.session_id
    WHERE NOT r.pinned AND (r.created_at < $3 OR s.last_active < $4 OR r.place > $5)
), deleted AS (
    UPDATE memories m SET deleted_at = now(), deleted_by = 'retention'
    FROM meant WHERE m.id = meant.id AND NOT $7::bool
    RETURNING m.id
), doomed AS (
    SELECT id FROM memories m
    WHERE m.namespace = $1 AND (m.visibility = 'shared' OR m.agent = $2) AND m.operation_id IS NULL
        AND m.deleted_at < $6::timestamptz
), versions AS (
    DELETE FROM memory_versions v USING doomed WHERE v.memory_id = doomed.id AND NOT $7
), purged AS (
    DELETE FROM memories m USING doomed WHERE m.id = doomed.id AND NOT $7 RETURNING m.id
), receipt AS (
    INSERT INTO operations (id, namespace, agent, kind, scope, counts)
    SELECT $8::uuid, $1, $2, 'retention', $9::text::jsonb,
        jsonb_build_object('deleted', (SELECT count(*) FROM deleted), 'purged', (SELECT count(*) FROM purged))
    WHERE NOT $7
)
SELECT (SELECT count(*) FROM meant), (SELECT count(*) FROM meant WHERE old),
    (SELECT count(*) FROM meant WHERE idle), (SELECT count(*) FROM meant WHERE beyond),
    (SELECT count(*) FROM doomed)
