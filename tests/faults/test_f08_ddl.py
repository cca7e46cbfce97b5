"""F8: the schema changes under prepared statements, or the prepared statements go.

What was prepared is prepared anew, once, and nobody notices.
"""

from sage import psql
from trial import saving

CHANGES = [
    "ALTER TABLE memories ADD COLUMN added int DEFAULT 7",
    "ALTER TABLE memories ALTER COLUMN agent TYPE varchar",
    "ALTER TABLE memories DROP COLUMN added",
    "ALTER TABLE memories ALTER COLUMN agent TYPE text",
    "ALTER TABLE memories RENAME TO other; ALTER TABLE other RENAME TO memories",
]

FORGETFUL = """
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF random() < 0.2 THEN
            EXECUTE 'DEALLOCATE ALL';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER forgets BEFORE INSERT ON memories FOR EACH ROW EXECUTE FUNCTION forget();
"""


def nobody_noticed(load):
    assert not load.sayings(), load.sayings()


def test_schema_changes(trial, cluster):
    """Columns come, go and change their type under load: nobody notices"""
    server = trial.start(DATABASE_URL=cluster.uri)
    with trial.load(server) as load:
        for change in CHANGES:
            psql(cluster.uri, change)
            saving(load)
    assert "cached plan must not change result type" in cluster.log(), "nothing was stale"
    trial.check(load, cluster.uri)
    nobody_noticed(load)


def test_prepared_statements_go(trial, cluster):
    """DEALLOCATE ALL in the sessions of the server, at random under load: nobody notices"""
    server = trial.start(DATABASE_URL=cluster.uri)
    with trial.load(server) as load:
        psql(cluster.uri, FORGETFUL)
        saving(load, count=300)
    assert "prepared statement" in cluster.log(), "nothing was forgotten"
    trial.check(load, cluster.uri)
    nobody_noticed(load)
