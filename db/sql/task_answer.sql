-- write
-- Answers to questions, from whichever process the client spoke to.
UPDATE tasks SET answers = answers || $4::text::jsonb, updated_at = CURRENT_TIMESTAMP
WHERE id = $1::uuid AND namespace = $2::text AND agent = $3::text AND expires_at >= CURRENT_TIMESTAMP
RETURNING 1
