-- write
-- Takes a roll-back back: what it hid is seen again, what it restored is as it was before it.
WITH operation AS (
    UPDATE operations SET reversed_at = now()
    WHERE namespace = $1::text AND id = $3::uuid AND kind = 'roll_back' AND reversed_at IS NULL
        AND reversible_until > now()
    RETURNING id
), shown AS (
    UPDATE memories m SET deleted_at = NULL, deleted_by = NULL, operation_id = NULL,
        deduplicated = m.deduplicated AND NOT EXISTS (SELECT FROM memories d WHERE d.namespace = $1
            AND d.content_hash = m.content_hash AND d.deduplicated AND d.deleted_at IS NULL)
    FROM operation o WHERE m.operation_id = o.id
    RETURNING m.id
), before AS (
    SELECT v.* FROM memory_versions v JOIN operation o ON v.replaced_by = 'roll_back ' || o.id
    WHERE v.namespace = $1
), kept AS (
    INSERT INTO memory_versions (memory_id, version, namespace, session_id, user_input,
        assistant_response, metadata, tags, visibility, event_at, valid_until, pinned, content_hash,
        written_at, replaced_by, terms, lexicon, words, text_version)
    SELECT m.id, m.version, m.namespace, m.session_id, m.user_input, m.assistant_response, m.metadata,
        m.tags, m.visibility, m.event_at, m.valid_until, m.pinned, m.content_hash, m.updated_at, $2::text,
        m.terms, m.lexicon, m.words, m.text_version
    FROM memories m JOIN before b ON b.memory_id = m.id
), restored AS (
    UPDATE memories m SET session_id = b.session_id, user_input = b.user_input,
        assistant_response = b.assistant_response, metadata = b.metadata, tags = b.tags,
        visibility = b.visibility, event_at = b.event_at, valid_until = b.valid_until, pinned = b.pinned,
        content_hash = b.content_hash, version = m.version + 1, terms = b.terms, lexicon = b.lexicon,
        words = b.words, text_version = b.text_version, embedding = NULL, embed_state = 'pending', embed_attempts = 0
    FROM before b WHERE m.id = b.memory_id
    RETURNING m.id
)
SELECT (SELECT count(*) FROM operation), (SELECT count(*) FROM shown), (SELECT count(*) FROM restored)
