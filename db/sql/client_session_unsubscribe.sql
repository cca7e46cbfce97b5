-- write
UPDATE client_sessions SET subscriptions = array_remove(subscriptions, $2::text),
    touched_at = CURRENT_TIMESTAMP
WHERE id = $1::text
