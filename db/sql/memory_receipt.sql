-- read
-- What was stored under an id, also when it was deleted since.
SELECT id, change_xid, change_seq, content_hash, version, merged, embed_state, created_at, updated_at,
    deleted_at IS NOT NULL
FROM memories
WHERE namespace = $1::text AND (visibility = 'shared' OR agent = $2::text) AND id = $3::uuid
