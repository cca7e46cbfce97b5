-- write
-- Adds a URI to a session. No row comes back when it has as many as it may.
INSERT INTO client_sessions AS s (id, namespace, subscriptions)
VALUES ($1::text, $2::text, ARRAY[$3::text])
ON CONFLICT (id) DO UPDATE
    SET subscriptions = array_append(array_remove(s.subscriptions, $3), $3),
        touched_at = CURRENT_TIMESTAMP
    WHERE cardinality(array_remove(s.subscriptions, $3)) < $4::int
RETURNING 1
