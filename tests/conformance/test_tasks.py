"""Tasks beyond the suite: several processes, other principals, a database that goes away."""

import time

import pytest
import sage
from sage import MODERN, bearer, make_key, psql, run_command, wait_for

CAN = {"_meta": {"io.modelcontextprotocol/clientCapabilities": {
    "elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}}}}


@pytest.fixture
def two(start, database):
    """Two processes with the suite's fixtures on one database."""
    return [start(binary=sage.FIXTURES_BINARY, DATABASE_URL=database).wait_ready() for _ in range(2)]


def ask(server, method: str, params: dict, **how):
    with server.connect() as connection:
        return connection.rpc(method, params | CAN, era=MODERN, **how)


def create(server, name: str, arguments: dict, **how) -> str:
    task = ask(server, "tools/call", {"name": name, "arguments": arguments}, **how).result
    assert (task["resultType"], task["status"]) == ("task", "working")
    return task["taskId"]


def get(server, task: str) -> dict:
    return ask(server, "tasks/get", {"taskId": task}).result


def wait_status(server, task: str, status: str, within_s: float = 20) -> dict:
    return wait_for(f"status {status}", lambda: (got := get(server, task))["status"] == status and got, within_s)


def test_every_process_knows_every_task(two):
    task = create(two[0], "slow_compute", {"seconds": 1, "label": "x"})
    assert get(two[1], task)["status"] == "working"
    done = wait_status(two[1], task, "completed")
    assert done["result"]["content"][0]["text"] == "computed x"
    assert get(two[0], task) | {"_meta": None} == done | {"_meta": None}


def test_answers_through_another_process(two):
    task = create(two[0], "confirm_delete", {"filename": "a"})
    [key] = wait_status(two[1], task, "input_required")["inputRequests"]
    answers = {key: {"action": "accept", "content": {"confirm": True}}, "unknown": {}}
    ask(two[1], "tasks/update", {"taskId": task, "inputResponses": answers})
    assert "deleted" in wait_status(two[1], task, "completed")["result"]["content"][0]["text"]


def test_cancel_through_another_process(two):
    task = create(two[0], "slow_compute", {"seconds": 60})
    ask(two[1], "tasks/cancel", {"taskId": task})
    assert get(two[0], task)["status"] == "cancelled"
    wait_for("the call is cancelled", lambda: any(line.get("outcome") == "cancelled" for line in two[0].logged("call")))
    ask(two[0], "tasks/cancel", {"taskId": task})
    assert get(two[1], task)["status"] == "cancelled"


def test_task_of_a_dead_process_has_failed(two, database):
    task = create(two[0], "slow_compute", {"seconds": 60})
    two[0].kill()
    psql(database, "UPDATE tasks SET lease_until = CURRENT_TIMESTAMP - INTERVAL '1 second'")
    failed = get(two[1], task)
    assert failed["status"] == "failed"
    assert "process" in failed["error"]["message"]


def test_outcome_is_stored_when_the_database_is_back(start, cluster):
    server = start(binary=sage.FIXTURES_BINARY, DATABASE_URL=sage.create_database(cluster.uri, "tasks")).wait_ready()
    task = create(server, "slow_compute", {"seconds": 1})
    cluster.stop()
    time.sleep(2)
    cluster.start()
    server.wait_ready()
    wait_status(server, task, "completed", 30)


def test_tasks_of_others_are_not_there(start, database):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    ann, bob = make_key(database, "ann", "red"), make_key(database, "bob", "red")
    server = start(binary=sage.FIXTURES_BINARY, DATABASE_URL=database).wait_ready()
    task = create(server, "slow_compute", {"seconds": 5}, headers=bearer(ann))
    for method in "tasks/get", "tasks/cancel":
        assert ask(server, method, {"taskId": task}, headers=bearer(bob)).error["code"] == -32602
    assert ask(server, "tasks/update", {"taskId": task, "inputResponses": {}}, headers=bearer(bob)).error["code"] == -32602
    assert ask(server, "tasks/get", {"taskId": task}, headers=bearer(ann)).result["status"] == "working"


@pytest.mark.parametrize("params", [{"taskId": ""}, {"taskId": "x"}, {"taskId": "4a3af271-1e12-4a13-bdec-694d29f2a247"}])
def test_unknown_task(two, params):
    assert ask(two[0], "tasks/get", params).error["code"] == -32602


def test_no_task_while_the_database_is_away(start, cluster):
    server = start(binary=sage.FIXTURES_BINARY, DATABASE_URL=sage.create_database(cluster.uri, "tasks"), DB_WAIT_TIMEOUT_MS="500").wait_ready()
    get_unknown = {"taskId": "4a3af271-1e12-4a13-bdec-694d29f2a247"}
    ask(server, "tasks/get", get_unknown)
    cluster.stop()
    answer = ask(server, "tools/call", {"name": "failing_job", "arguments": {}})
    assert "Try again" in answer.refusal
