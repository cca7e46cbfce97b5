-- read
-- The memories whose embedding points the same way as the query's.
WITH @vector_hit@
SELECT m.id, m.session_id, m.agent, left(m.user_input, $6::int), left(m.assistant_response, $6),
    length(m.user_input) > $6 OR length(m.assistant_response) > $6, m.created_at,
    1 - h.distance
FROM vector_hit h JOIN memories m USING (id)
ORDER BY h.distance, m.created_at DESC, m.id
