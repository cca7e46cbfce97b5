-- read
-- What agents reported, by the agent's name, behind $6.
WITH report AS (
    @report@
)
SELECT name, count(*), count(DISTINCT task_id), coalesce(sum(errors), 0),
    coalesce(sum(warnings), 0), avg(quality), min(created_at), max(created_at)
FROM report
WHERE $6::text IS NULL OR name > $6
GROUP BY name
ORDER BY name
LIMIT $5::int
