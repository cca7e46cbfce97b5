-- read
-- Session ids that begin with a text, the last used first; the last column counts them all.
SELECT s.id, count(*) OVER ()
FROM sessions s
WHERE s.namespace = $1::text AND starts_with(s.id, $2::text)
ORDER BY s.last_active DESC, s.id
LIMIT $3::int
