-- What "page" (row, id, beside, place) names, in its order: the columns of memory_read()
-- (db/memory.c). $3: characters of each text, $4: with all there is besides, $5: bytes in all.
-- Those behind that many bytes come without their texts; the first one always has them.
measured AS (
    SELECT p.row, p.id, p.beside, p.place, p.row = 1 OR $5::bigint >= sum(
        least(octet_length(m.user_input), 4 * $3::int::bigint)
        + least(octet_length(m.assistant_response), 4 * $3::bigint)
        + CASE WHEN $4::bool THEN coalesce(pg_column_size(m.metadata), 0)
            + coalesce(pg_column_size(m.agent_metadata), 0) ELSE 0 END) OVER (ORDER BY p.row) AS fits
    FROM page p JOIN memories m USING (id)
)
SELECT m.id, p.beside, p.place::int, m.session_id, m.agent, m.created_at, m.updated_at, m.event_at,
    CASE WHEN cut.characters > 0 THEN left(m.user_input, cut.characters) END,
    CASE WHEN cut.characters > 0 THEN left(m.assistant_response, cut.characters) END,
    octet_length(m.user_input) > octet_length(left(m.user_input, cut.characters))
        OR octet_length(m.assistant_response) > octet_length(left(m.assistant_response, cut.characters)),
    CASE WHEN cut.characters > 0 AND m.tags <> '{}' THEN array_to_json(m.tags)::text END,
    m.visibility = 'private', m.pinned, coalesce(m.valid_until <= now(), false), m.valid_until,
    m.superseded_by, m.merged, m.version, m.embed_state,
    CASE WHEN cut.whole THEN coalesce(m.metadata, '{}')::text END,
    CASE WHEN cut.whole THEN m.agent_metadata::text END,
    m.expires_at, m.supersedes, encode(m.content_hash, 'hex'), m.embed_model,
    CASE WHEN cut.whole THEN m.embed_error END
FROM measured p JOIN memories m USING (id) CROSS JOIN LATERAL (
    SELECT CASE WHEN p.fits THEN $3::int ELSE 0 END AS characters, p.fits AND $4 AS whole) AS cut
ORDER BY p.row
