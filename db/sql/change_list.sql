-- read
-- What changed behind a place in the feed. The feed is ordered by transaction, and shows only
-- transactions before the oldest that still runs: a later commit cannot slip in before what was shown.
-- The first two columns say whether the place is of another database (before a restore).
WITH feed AS (
    SELECT pg_snapshot_xmin(s) AS complete, pg_snapshot_xmax(s) AS ahead FROM pg_current_snapshot() s
)
SELECT $3::xid8 > feed.ahead, m.id, m.change_xid, m.change_seq,
    CASE WHEN m.deleted_at IS NOT NULL THEN 'deleted' WHEN m.version > 1 THEN 'updated'
        ELSE 'saved' END,
    m.agent, m.session_id, m.created_at, m.updated_at, left(m.user_input, $7::int)
FROM feed LEFT JOIN LATERAL (
    SELECT * FROM memories m
    WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
        AND (m.change_xid, m.change_seq, m.id) > ($3, $4::bigint, $5::uuid)
        AND m.change_xid < feed.complete
    ORDER BY m.change_xid, m.change_seq, m.id
    LIMIT $6::int
) m ON true
ORDER BY m.change_xid, m.change_seq, m.id
