-- read
-- What a namespace holds.
SELECT count(*), count(*) FILTER (WHERE embedding IS NOT NULL), min(created_at), max(created_at),
    (SELECT count(*) FROM sessions WHERE namespace = $1)
FROM memories
WHERE namespace = $1::text
