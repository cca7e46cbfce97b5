-- read
-- Memories that fit a filter, oldest first, from behind a place ($6, $7) on.
WITH page AS (
    SELECT row_number() OVER (ORDER BY m.created_at, m.id) AS row, m.id, m.id AS beside, 0 AS place
    FROM memories m
    WHERE @memory_filter@
        AND (m.created_at, m.id) > (coalesce($6::timestamptz, '-infinity'), $7::uuid)
    ORDER BY m.created_at, m.id
    LIMIT $8::int
), @memory_page@
