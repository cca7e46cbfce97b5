-- read
-- Memories of the largest namespace, to make questions from. Ids are as good as random.
SELECT id, left(user_input, $2::int), left(assistant_response, $2) FROM memories
WHERE namespace = (SELECT namespace FROM memories WHERE deleted_at IS NULL GROUP BY namespace ORDER BY count(*) DESC LIMIT 1)
    AND deleted_at IS NULL AND visibility = 'shared'
ORDER BY id LIMIT $1::int
