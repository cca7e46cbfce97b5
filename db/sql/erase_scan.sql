-- read
-- What is still there of what an erasure was about; the same parameters, in the same order.
SELECT (SELECT count(*) FROM memories m
        WHERE m.namespace = $1::text AND (m.visibility = 'shared' OR m.agent = $2::text)
            AND @memory_scope@),
    (SELECT count(*) FROM memory_versions v WHERE v.namespace = $1
        AND (v.memory_id = ANY ($4) OR NOT EXISTS (SELECT FROM memories m WHERE m.id = v.memory_id))),
    (SELECT count(*) FROM handoffs h WHERE h.namespace = $1 AND h.from_agent = $6),
    $3::uuid
