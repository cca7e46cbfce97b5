-- write, repeatable
-- Takes memories that want a vector, for $3 milliseconds: whoever dies with them loses them to others. $1: how
-- many at the most; $2: bytes of text, behind which there is no further one.
WITH free AS (
    SELECT id, embed_at, octet_length(user_input)::bigint + octet_length(assistant_response) AS bytes
    FROM memories
    WHERE embed_state IN ('pending', 'failed') AND deleted_at IS NULL AND (embed_at IS NULL OR embed_at <= now())
    ORDER BY embed_at NULLS FIRST, id LIMIT $1::int FOR UPDATE SKIP LOCKED
), fitting AS (
    SELECT id, sum(bytes) OVER (ORDER BY embed_at NULLS FIRST, id) - bytes AS before FROM free
)
UPDATE memories m SET embed_at = now() + $3::int * interval '1 ms'
FROM fitting f WHERE m.id = f.id AND f.before < $2::bigint
RETURNING m.id, m.version, m.user_input, m.assistant_response
