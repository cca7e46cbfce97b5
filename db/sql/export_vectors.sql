-- read
-- The vectors of the further pieces of some memories' texts, in the order of the memories ($2: the model of each); of
-- the first of them from behind a part on. Their version and hash say of which words they are.
SELECT g.n, g.id, m.version, encode(m.content_hash, 'hex'), g.model, v.part, v.embedding
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS g (id, model, n)
    JOIN memories m ON m.id = g.id
    CROSS JOIN LATERAL (
        SELECT part, embedding FROM memory_vectors
        WHERE memory_id = g.id AND model = g.model AND part > CASE g.n WHEN 1 THEN $3::int ELSE 0 END
        ORDER BY part LIMIT $4::int
    ) AS v
ORDER BY g.n, v.part LIMIT $4
