-- write, repeatable
-- From now on searches use the model that was built.
UPDATE embedding_model SET current = $1::text, building = NULL, building_since = NULL, switched_at = now(),
    recall_before = $2::float8, recall_after = $3::float8
WHERE building = $1 OR current = $1
RETURNING current
