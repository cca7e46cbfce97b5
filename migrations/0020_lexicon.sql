-- Words as db/text.h and db/lexicon.h have them since: the distinct terms of a memory under the GIN index, what
-- each counts as a sparse vector, and how many words there are. Terms are hashed with their namespace. What an
-- earlier version stored is indexed anew by housekeeping, and found by words once it was.

ALTER TABLE memories
    ADD COLUMN IF NOT EXISTS lexicon sparsevec,
    ADD COLUMN IF NOT EXISTS words INT,
    ADD COLUMN IF NOT EXISTS text_version SMALLINT NOT NULL DEFAULT 0; -- TEXT_VERSION of db/text.h
ALTER TABLE memory_versions
    ADD COLUMN IF NOT EXISTS terms INT[],
    ADD COLUMN IF NOT EXISTS lexicon sparsevec,
    ADD COLUMN IF NOT EXISTS words INT,
    ADD COLUMN IF NOT EXISTS text_version SMALLINT NOT NULL DEFAULT 0;

-- A search reads these of thousands of rows: they stay in the row, and texts leave it first.
ALTER TABLE memories ALTER COLUMN terms SET STORAGE MAIN, ALTER COLUMN lexicon SET STORAGE MAIN;

-- What housekeeping has to index. A new TEXT_VERSION comes with this index for its own number, and with
-- that number in db/sql/keep_unindexed.sql and keep_index.sql.
DROP INDEX IF EXISTS idx_memories_unindexed;
CREATE INDEX IF NOT EXISTS idx_memories_text_version ON memories (id)
    WHERE text_version < 1 AND deleted_at IS NULL;

-- The neighbours of a memory in its session.
CREATE INDEX IF NOT EXISTS idx_memories_order ON memories
    (namespace, session_id, (coalesce(event_at, created_at)), id) WHERE deleted_at IS NULL;

-- How many memories of a namespace have a term, and how many memories and words there are. Savers of common
-- words would queue for these rows, so each change is noted in a row of its own, and housekeeping adds them
-- up (db/sql/keep_lexicon.sql). A count is the sum of both, at any moment.
CREATE TABLE IF NOT EXISTS lexicon_terms (
    term INT NOT NULL,
    namespace TEXT NOT NULL,
    memories BIGINT NOT NULL,
    PRIMARY KEY (term, namespace)
) WITH (fillfactor = 80);

CREATE TABLE IF NOT EXISTS lexicon_totals (
    namespace TEXT PRIMARY KEY,
    memories BIGINT NOT NULL,
    words BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS lexicon_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace TEXT NOT NULL,
    change SMALLINT NOT NULL, -- 1: a memory more, -1: one less
    words INT NOT NULL,
    terms INT[] NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_lexicon_changes_namespace ON lexicon_changes (namespace);

-- Triggers, so that no statement, and no other program, can forget it.
CREATE OR REPLACE FUNCTION lexicon_inserted() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO lexicon_changes (namespace, change, words, terms)
    SELECT namespace, 1, words, terms FROM rows_now WHERE lexicon IS NOT NULL AND deleted_at IS NULL;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION lexicon_deleted() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO lexicon_changes (namespace, change, words, terms)
    SELECT namespace, -1, words, terms FROM rows_before WHERE lexicon IS NOT NULL AND deleted_at IS NULL;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION lexicon_updated() RETURNS TRIGGER AS $$
BEGIN
    INSERT INTO lexicon_changes (namespace, change, words, terms)
    SELECT namespace, change, words, terms
    FROM (VALUES (OLD.namespace, -1, OLD.words, OLD.terms, OLD.lexicon IS NOT NULL AND OLD.deleted_at IS NULL),
        (NEW.namespace, 1, NEW.words, NEW.terms, NEW.lexicon IS NOT NULL AND NEW.deleted_at IS NULL))
        AS row (namespace, change, words, terms, counts)
    WHERE counts;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

-- Words that were replaced by a program that knows nothing of all this wait for housekeeping. (Its condition
-- compares texts: pg_dump writes IS DISTINCT FROM without the schema of pgvector's operator, and pg_restore
-- would not find it.)
CREATE OR REPLACE FUNCTION lexicon_outdated() RETURNS TRIGGER AS $$
BEGIN
    NEW.terms = NULL;
    NEW.lexicon = NULL;
    NEW.words = NULL;
    NEW.text_version = 0;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER lexicon_inserted AFTER INSERT ON memories
    REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION lexicon_inserted();

CREATE OR REPLACE TRIGGER lexicon_deleted AFTER DELETE ON memories
    REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION lexicon_deleted();

CREATE OR REPLACE TRIGGER lexicon_updated AFTER UPDATE ON memories FOR EACH ROW
    WHEN ((OLD.terms, OLD.words, OLD.lexicon IS NULL, OLD.deleted_at IS NULL)
        IS DISTINCT FROM (NEW.terms, NEW.words, NEW.lexicon IS NULL, NEW.deleted_at IS NULL))
    EXECUTE FUNCTION lexicon_updated();

CREATE OR REPLACE TRIGGER lexicon_outdated BEFORE UPDATE ON memories FOR EACH ROW
    WHEN ((OLD.user_input, OLD.assistant_response, OLD.event_at)
            IS DISTINCT FROM (NEW.user_input, NEW.assistant_response, NEW.event_at)
        AND NEW.lexicon::text IS NOT DISTINCT FROM OLD.lexicon::text
        AND (NEW.content_hash IS NOT DISTINCT FROM OLD.content_hash OR NEW.terms IS DISTINCT FROM OLD.terms))
    EXECUTE FUNCTION lexicon_outdated();
