-- read
-- Memories by their ids ($6), in that order. memory_get_beside gets those around them, too: planning that takes ten
-- times as long as finding one memory.
WITH page AS (
    SELECT a.number AS row, m.id, m.id AS beside, 0 AS place
    @memory_asked@
), @memory_page@
