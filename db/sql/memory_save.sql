-- write, gathered
-- Stores memories and makes or touches their sessions. A session row is written at most once a
-- second, so that savers of one session do not queue behind each other's commit, and in a fixed
-- order, so that they cannot wait for each other in a circle.
--
-- An id that is there already is that of the same idempotency key (state: replayed, or reused for
-- other words). Words that are in their session already count as saved again (merged). What another transaction
-- stores at this moment is seen by nobody yet: nothing is returned, and asking again finds it.
--
-- Without a session it goes where its agent has switched to.
WITH given AS (
    SELECT id, namespace, agent, key_id, coalesce(session_id, (SELECT c.session_id FROM current_sessions c
            WHERE c.namespace = row.namespace AND c.agent = row.agent), 'default') AS session_id,
        user_input, assistant_response, metadata, tags, visibility, event_at, content_hash, deduplicated,
        supersedes, valid_until, expires_at, pinned, agent_metadata, embedding, terms, lexicon, words,
        text_version
    FROM (VALUES ($1::uuid, $2::text, $3::text, $4::uuid, $5::varchar, $6::text, $7::text,
        $8::text, $9::text[], $10::text, $11::timestamptz, $12::bytea, $13::bool, $14::uuid,
        $15::timestamptz, $16::timestamptz, $17::bool, $18::text, $19::vector, $20::int[],
        $21::sparsevec, $22::int, $23::int)) AS row
        (id, namespace, agent, key_id, session_id, user_input, assistant_response, metadata, tags,
        visibility, event_at, content_hash, deduplicated, supersedes, valid_until, expires_at, pinned,
        agent_metadata, embedding, terms, lexicon, words, text_version)
    WHERE id IS NOT NULL
), replayed AS (
    SELECT g.id AS asked, m.id, m.created_at, m.content_hash, m.embed_state, m.session_id,
        CASE WHEN m.namespace = g.namespace AND m.content_hash = g.content_hash
            THEN 'replayed' ELSE 'reused' END AS state
    FROM given g JOIN memories m ON m.id = g.id
), known AS (
    SELECT g.id AS asked, m.id, m.created_at, m.content_hash, m.embed_state, m.session_id
    FROM given g JOIN memories m ON m.namespace = g.namespace AND m.content_hash = g.content_hash
        AND m.session_id = g.session_id AND m.deduplicated AND m.deleted_at IS NULL
        AND (CASE WHEN m.visibility = 'private' THEN m.agent ELSE '' END)
            = (CASE WHEN g.visibility = 'private' THEN g.agent ELSE '' END)
    WHERE g.deduplicated AND g.id NOT IN (SELECT asked FROM replayed)
), merged AS (
    UPDATE memories m SET merged = m.merged + k.times
    FROM (SELECT id, count(*)::int AS times FROM known GROUP BY id ORDER BY id) k WHERE m.id = k.id
), made AS (
    INSERT INTO sessions (namespace, id, name)
    SELECT DISTINCT namespace, session_id, session_id FROM given ORDER BY 1, 2
    ON CONFLICT (namespace, id) DO NOTHING
), idle AS MATERIALIZED (
    -- once, whatever the plan of the update
    SELECT s.namespace, s.id FROM sessions s
    WHERE (s.namespace, s.id) IN (SELECT namespace, session_id FROM given)
        AND s.last_active < now() - interval '1 second'
    FOR UPDATE SKIP LOCKED
), touched AS (
    UPDATE sessions SET last_active = now() WHERE (namespace, id) IN (SELECT namespace, id FROM idle)
), stored AS (
    INSERT INTO memories (id, namespace, agent, key_id, session_id, user_input, assistant_response,
        metadata, tags, visibility, event_at, content_hash, deduplicated, supersedes, valid_until,
        expires_at, pinned, is_agent_report, agent_metadata, embedding, embed_state, terms, lexicon, words,
        text_version)
    SELECT id, namespace, agent, key_id, session_id, user_input, assistant_response,
        coalesce(metadata, '{}')::jsonb, coalesce(tags, '{}'), visibility, event_at, content_hash,
        deduplicated, supersedes, valid_until, expires_at, pinned, agent_metadata IS NOT NULL,
        agent_metadata::jsonb, embedding, CASE WHEN embedding IS NULL THEN 'pending' ELSE 'ok' END,
        terms, lexicon, words, text_version
    FROM given
    WHERE id NOT IN (SELECT asked FROM replayed) AND id NOT IN (SELECT asked FROM known)
    ON CONFLICT DO NOTHING
    RETURNING id, created_at, content_hash, embed_state, session_id
), superseded AS (
    UPDATE memories m SET superseded_by = g.id
    FROM given g JOIN stored USING (id)
    WHERE m.id = g.supersedes AND m.namespace = g.namespace
        AND (m.visibility = 'shared' OR m.agent = g.agent)
)
SELECT id AS asked, id, created_at, content_hash, embed_state, 'stored' AS state, session_id
FROM stored
UNION ALL
SELECT asked, id, created_at, content_hash, embed_state, state, session_id FROM replayed
UNION ALL
SELECT asked, id, created_at, content_hash, embed_state, 'merged', session_id FROM known
