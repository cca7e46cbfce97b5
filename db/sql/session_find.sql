-- read
-- Sessions that fit a filter, the newest first, from behind a place ($4, $5) on: that order never
-- changes. $6: status. $7 to $8: when something was done in it. $9: in its name, id or metadata; or all
-- of the words $10 in a memory of it.
SELECT @session_columns@, (
    SELECT count(*) FROM memories m WHERE m.session_id = s.id AND @memory_visible@)
FROM sessions s
WHERE s.namespace = $1
    AND ($4::timestamptz IS NULL OR (s.created_at, s.id) < ($4, $5::varchar))
    AND ($6::text IS NULL OR s.status = $6)
    AND ($7::timestamptz IS NULL OR s.last_active >= $7)
    AND ($8::timestamptz IS NULL OR s.created_at < $8)
    AND ($9::text IS NULL OR strpos(lower(concat_ws(' ', s.id, s.name, s.metadata::text)), lower($9)) > 0
        OR s.id IN (SELECT m.session_id FROM memories m
            WHERE @memory_visible@ AND m.terms @> $10::int[] AND cardinality($10) > 0))
ORDER BY s.created_at DESC, s.id DESC
LIMIT $3::int
