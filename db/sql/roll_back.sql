-- write
-- Undoes what one key, agent or interval wrote: what it made is hidden, what it changed gets the state before
-- its first change back. Both can be reversed by the operation's id until $14. With $12 it is only counted.
WITH made AS (
    SELECT m.id FROM memories m
    WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
        AND m.deleted_at IS NULL AND @memory_scope@
    ORDER BY m.id FOR UPDATE
), hidden AS (
    UPDATE memories m SET deleted_at = now(), deleted_by = $2, operation_id = $3::uuid
    FROM made WHERE m.id = made.id AND NOT $12::bool
    RETURNING m.id
), first AS (
    SELECT DISTINCT ON (v.memory_id) v.*
    FROM memory_versions v
    WHERE v.namespace = $1 AND $4 IS NULL AND $5 IS NULL AND $7 IS NULL AND $8 IS NULL AND $9 IS NULL
        AND ($6 IS NULL OR v.replaced_by = $6)
        AND ($10 IS NULL OR v.replaced_at >= $10) AND ($11 IS NULL OR v.replaced_at < $11)
        AND v.memory_id NOT IN (SELECT id FROM made)
    ORDER BY v.memory_id, v.version
), changed AS (
    SELECT m.* FROM memories m JOIN first f ON f.memory_id = m.id
    WHERE m.deleted_at IS NULL AND (m.visibility = 'shared' OR m.agent = $2)
    ORDER BY m.id FOR UPDATE OF m
), kept AS (
    INSERT INTO memory_versions (memory_id, version, namespace, session_id, user_input,
        assistant_response, metadata, tags, visibility, event_at, valid_until, pinned, content_hash,
        written_at, replaced_by, terms, lexicon, words, text_version)
    SELECT id, version, namespace, session_id, user_input, assistant_response, metadata, tags,
        visibility, event_at, valid_until, pinned, content_hash, updated_at, 'roll_back ' || $3,
        terms, lexicon, words, text_version
    FROM changed WHERE NOT $12
), restored AS (
    UPDATE memories m SET session_id = f.session_id, user_input = f.user_input,
        assistant_response = f.assistant_response, metadata = f.metadata, tags = f.tags,
        visibility = f.visibility, event_at = f.event_at, valid_until = f.valid_until, pinned = f.pinned,
        content_hash = f.content_hash, deduplicated = false, version = m.version + 1, terms = f.terms, lexicon = f.lexicon,
        words = f.words, text_version = f.text_version,
        embedding = NULL, embed_state = 'pending', embed_attempts = 0
    FROM first f JOIN changed c ON c.id = f.memory_id
    WHERE m.id = c.id AND NOT $12
    RETURNING m.id
), logged AS (
    INSERT INTO audit_log (namespace, agent, action, target)
    SELECT $1, $2, 'roll_back', id FROM (SELECT id FROM hidden UNION ALL SELECT id FROM restored) AS r
), counted AS (
    SELECT jsonb_build_object('hidden', (SELECT count(*) FROM made),
        'restored', (SELECT count(*) FROM changed)) AS counts
), receipt AS (
    INSERT INTO operations (id, namespace, agent, kind, scope, counts, reversible_until)
    SELECT $3, $1, $2, 'roll_back', $13::text::jsonb, counts, $14::timestamptz FROM counted WHERE NOT $12
)
SELECT counts::text, (SELECT count(*) FROM made) + (SELECT count(*) FROM changed) FROM counted
