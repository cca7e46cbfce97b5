-- read
-- What update_memory replaced in some memories ($3), latest first, $4 of each. Those behind $5
-- bytes come without their texts; the first one always has them. What was private when it was
-- replaced stays so.
WITH version AS (
    SELECT v.*, row_number() OVER (PARTITION BY v.memory_id ORDER BY v.version DESC) AS age
    FROM memory_versions v JOIN memories m ON m.id = v.memory_id
    WHERE @memory_visible@
        AND v.namespace = m.namespace AND (v.visibility = 'shared' OR m.agent = $2)
        AND v.memory_id = ANY ($3::uuid[])
), measured AS (
    SELECT *, row_number() OVER w = 1 OR $5::bigint >= sum(octet_length(user_input)
        + octet_length(assistant_response) + coalesce(pg_column_size(metadata), 0)) OVER w AS fits
    FROM version WHERE age <= $4::int
    WINDOW w AS (ORDER BY memory_id, version DESC)
)
SELECT memory_id, version, CASE WHEN fits THEN user_input END,
    CASE WHEN fits THEN assistant_response END,
    CASE WHEN fits THEN coalesce(metadata, '{}')::text END, array_to_json(tags)::text, session_id,
    visibility, event_at, written_at, replaced_at, replaced_by
FROM measured
ORDER BY memory_id, version DESC
