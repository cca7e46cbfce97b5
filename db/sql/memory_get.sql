-- read
-- Memories by their ids ($6), in that order. memory_get_beside gets those around them, too: planning that takes ten
-- times as long as finding one memory.
WITH page AS (
    SELECT a.row, m.id, m.id AS beside, 0 AS place
    FROM (SELECT id, min(number) AS row FROM unnest($6::uuid[]) WITH ORDINALITY AS u (id, number)
        GROUP BY id) AS a JOIN memories m USING (id)
    WHERE @memory_visible@
), @memory_page@
