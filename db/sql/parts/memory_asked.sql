-- The memories named by $6: "m", and "a.number" in the order of the ids; each once.
FROM (SELECT id, min(number) AS number FROM unnest($6::uuid[]) WITH ORDINALITY AS u (id, number)
        GROUP BY id) AS a JOIN memories m USING (id)
    WHERE @memory_visible@
