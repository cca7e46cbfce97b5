-- Whose the vectors are, and vectors beside the one in memories.embedding: the further pieces of long texts, and
-- all of a model that "sage-mcp reembed" is changing to. A model is written "name@dimensions".

CREATE TABLE IF NOT EXISTS embedding_model (
    single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),  -- one row
    current TEXT,                   -- whose vectors searches use; NULL: there never was a provider
    building TEXT,                  -- whose vectors are being made beside them
    building_since TIMESTAMP WITH TIME ZONE,
    switched_at TIMESTAMP WITH TIME ZONE,
    recall_before REAL,             -- the canary's recall@5 at the latest switch
    recall_after REAL
);

INSERT INTO embedding_model (single) VALUES (TRUE) ON CONFLICT DO NOTHING;

-- A vector whose model is the current one counts in searches, one of another model does not. Part 0 (the
-- beginning, or all of a short text) stands here only until it is moved to memories.embedding.
CREATE TABLE IF NOT EXISTS memory_vectors (
    memory_id UUID NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    part INT NOT NULL,
    embedding vector(4096) NOT NULL,
    PRIMARY KEY (memory_id, model, part)
);

CREATE INDEX IF NOT EXISTS idx_memory_vectors_model ON memory_vectors (model, part);
CREATE INDEX IF NOT EXISTS idx_memories_embed_model ON memories (embed_model, id) WHERE embed_model IS NOT NULL;

-- Vectors of words that are no longer there go with them, whoever changed the words.
CREATE OR REPLACE FUNCTION memory_vectors_outdated() RETURNS TRIGGER AS $$
BEGIN
    DELETE FROM memory_vectors WHERE memory_id = NEW.id;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER outdate_memory_vectors
    AFTER UPDATE OF user_input, assistant_response ON memories FOR EACH ROW
    WHEN ((OLD.user_input, OLD.assistant_response) IS DISTINCT FROM (NEW.user_input, NEW.assistant_response))
    EXECUTE FUNCTION memory_vectors_outdated();
