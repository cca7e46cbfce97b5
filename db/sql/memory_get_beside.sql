-- read
-- Memories by their ids ($6), each between those before and after it ($7 of each) in its session.
WITH asked AS (
    SELECT m.id, a.number, m.session_id, coalesce(m.event_at, m.created_at) AS at
    @memory_asked@
), near AS (
    SELECT number, id, id AS beside, 0 AS place FROM asked
    UNION ALL
    SELECT s.number, b.id, s.id, -b.distance FROM asked s CROSS JOIN LATERAL (
        SELECT n.id, row_number() OVER (ORDER BY n.at DESC, n.id DESC) AS distance FROM (
            SELECT m.id, coalesce(m.event_at, m.created_at) AS at
            FROM memories m
            WHERE @before_it@ LIMIT $7::int) AS n) AS b
    UNION ALL
    SELECT s.number, b.id, s.id, b.distance FROM asked s CROSS JOIN LATERAL (
        SELECT n.id, row_number() OVER (ORDER BY n.at, n.id) AS distance FROM (
            SELECT m.id, coalesce(m.event_at, m.created_at) AS at
            FROM memories m
            WHERE @after_it@ LIMIT $7) AS n) AS b
), page AS (
    SELECT row_number() OVER (ORDER BY number, place) AS row, id, beside, place FROM near
), @memory_page@
