"""F10: a statement in the middle of many fails.

Only what was asked with it fails; saves that share its transaction, or its connection, do not.
"""

import threading
import time

import pytest
from databases import uri_of
from generator import ACKNOWLEDGED, Generator, Shape
from metrics import scrape
from sage import psql
from trial import rest_is_long

POISON = "poison"
SPOILT = {
    "trigger": f"""CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.user_input LIKE '{POISON}%' THEN RAISE EXCEPTION 'spoilt'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER spoils BEFORE INSERT ON memories FOR EACH ROW EXECUTE FUNCTION spoil()""",
    "constraint": f"ALTER TABLE memories ADD CHECK (user_input NOT LIKE '{POISON}%')",
    "division": f"""CREATE FUNCTION divide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM 1 / (NEW.user_input NOT LIKE '{POISON}%')::int; RETURN NEW; END $$;
        CREATE TRIGGER divides BEFORE INSERT ON memories FOR EACH ROW EXECUTE FUNCTION divide()""",
}


@pytest.mark.parametrize("what", rest_is_long(*SPOILT))
def test_bad_rows(trial, cluster, proxy, what):
    """Every tenth save is refused by the database, in transactions shared with others"""
    server = trial.start(DATABASE_URL=uri_of(proxy), DB_POOL_SIZE="4")
    psql(cluster.uri, "SELECT 1")
    poisoned = []

    def poison(load: Generator, end: threading.Event):
        with server.connect() as connection:
            while not end.is_set():
                memory = load.new_memory()
                memory.text = f"{POISON} {memory.text}"
                poisoned.append(memory)
                load.save(connection, memory)

    with trial.load(server, Shape(writers=16)) as load:
        psql(cluster.uri, SPOILT[what])
        proxy.to_server.latency_s = 0.01  # so that saves gather
        end = threading.Event()
        poisoners = [threading.Thread(target=poison, args=(load, end)) for _ in range(2)]
        for each in poisoners:
            each.start()
        time.sleep(3)
        end.set()
        for each in poisoners:
            each.join()
    shared = int(scrape(server).value("pg_pool_gathered_total"))
    trial.note(f"{len(poisoned)} of {len(load.memories)} were bad, {shared} saves shared a transaction")
    trial.check(load, cluster.uri)
    assert len(poisoned) > 10 and shared > 100
    assert {memory.state for memory in poisoned} == {"refused"}, poisoned[0].said
    assert load.count(ACKNOWLEDGED) == len(load.memories) - len(poisoned)
    assert not load.failed_reads()
