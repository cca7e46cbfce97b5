-- write, repeatable
-- Indexes the words of a memory, unless they changed meanwhile.
UPDATE memories SET terms = $3::int[], lexicon = $4::sparsevec, words = $5::int, text_version = $6::int
WHERE id = $1::uuid AND version = $2::int AND text_version < 1
RETURNING id
