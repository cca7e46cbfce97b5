-- write, repeatable
-- Adds the changes that were noted to the counts of terms, the oldest first; one at a time does it, and in one
-- order, so that nobody waits for anybody in a circle. A term that no memory has any more goes. Says how many it were.
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtext('sage lexicon')) AS mine
), taken AS (
    DELETE FROM lexicon_changes WHERE id IN (
        SELECT c.id FROM turn CROSS JOIN LATERAL (SELECT id FROM lexicon_changes ORDER BY id LIMIT $1::int) c
        WHERE turn.mine)
    RETURNING namespace, change, words, terms
), counted AS (
    SELECT t.namespace, u.term, sum(t.change) AS change
    FROM taken t CROSS JOIN LATERAL unnest(t.terms) AS u (term)
    GROUP BY t.namespace, u.term HAVING sum(t.change) <> 0
), terms AS (
    INSERT INTO lexicon_terms AS l (term, namespace, memories)
    SELECT term, namespace, change FROM counted ORDER BY term, namespace
    ON CONFLICT (term, namespace) DO UPDATE SET memories = l.memories + excluded.memories
), totals AS (
    INSERT INTO lexicon_totals AS l (namespace, memories, words)
    SELECT namespace, sum(change), sum(change * words::bigint) FROM taken GROUP BY namespace ORDER BY namespace
    ON CONFLICT (namespace) DO UPDATE
        SET memories = l.memories + excluded.memories, words = l.words + excluded.words
)
SELECT count(*) FROM taken
