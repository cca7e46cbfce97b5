-- write, repeatable
-- Indexes the words of a memory, unless they changed meanwhile.
UPDATE memories SET terms = $3::int[] WHERE id = $1::uuid AND version = $2::int AND terms IS NULL
RETURNING id
