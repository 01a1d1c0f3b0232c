"""Applies keep a result per object, and one that died is reported by the next run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ApplyStateError,
    UnknownPlanError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import Process, describe_process
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import ObjectResult, Origin

from .conftest import ManualClock

REPOSITORY = Path(__file__).parents[4]
ELSEWHERE = Process(host="controller-2", instance="another boot", pid=os.getpid(), started="1")


@pytest.fixture
def planned(store: Store, origin: Origin) -> Store:
    store.plans.save("d1", kind="live", environment="lab", document={}, origin=origin)
    return store


def start(store: Store, origin: Origin, process: Process | None = None) -> int:
    return store.applies.start("d1", verb="provision", origin=origin, process=process)


def payloads(store: Store) -> list[dict[str, object]]:
    return [json.loads(entry.payload_text) for entry in store.chain.entries(kind="apply", subject="d1")]


def test_an_apply_goes_from_start_to_finish_with_a_result_per_object(
    planned: Store, origin: Origin, clock: ManualClock
) -> None:
    apply_id = start(planned, origin)
    begun = clock.now
    planned.applies.record(apply_id, [ObjectResult("vc1", name, "started") for name in ("b", "a")])
    clock.move(5)
    done = ObjectResult("vc1", "a", "done", changed=True)
    planned.applies.record(apply_id, [done, ObjectResult("vc1", "b", "failed", message="no\nspace")])
    planned.applies.finish(apply_id, outcome="failed", origin=origin)
    assert planned.applies.results(apply_id) == [
        ObjectResult("vc1", "a", "done", True, "", begun, clock.now),
        ObjectResult("vc1", "b", "failed", False, "no space", begun, clock.now),
    ]
    apply = planned.applies.get(apply_id)
    assert apply is not None
    assert (apply.outcome, apply.finished_at, apply.pid) == ("failed", clock.now, os.getpid())


def test_start_and_finish_are_in_the_chain_with_counts_and_hash(planned: Store, origin: Origin) -> None:
    apply_id = start(planned, origin)
    planned.applies.record(apply_id, [ObjectResult("vc1", "a", "done", True), ObjectResult("vc1", "b", "started")])
    planned.applies.finish(apply_id, outcome="succeeded", origin=origin)
    started, finished = payloads(planned)
    assert started == {"event": "started", "apply": apply_id, "verb": "provision"}
    assert finished["results"] == {"started": 1, "done": 1, "failed": 0}
    assert (finished["event"], finished["outcome"], finished["changed"]) == ("finished", "succeeded", 1)
    assert len(str(finished["results_sha256"])) == 64


def test_an_apply_without_a_saved_plan_is_refused(store: Store, origin: Origin) -> None:
    with pytest.raises(UnknownPlanError):
        start(store, origin)
    assert store.chain.head().id == 0


def test_a_finished_apply_takes_no_more_results_and_no_second_end(planned: Store, origin: Origin) -> None:
    apply_id = start(planned, origin)
    planned.applies.finish(apply_id, outcome="succeeded", origin=origin)
    with pytest.raises(ApplyStateError, match="ended at"):
        planned.applies.record(apply_id, [ObjectResult("vc1", "a", "done")])
    with pytest.raises(ApplyStateError, match="ended at"):
        planned.applies.finish(apply_id, outcome="failed", origin=origin)
    with pytest.raises(ApplyStateError, match="no apply 99"):
        planned.applies.record(99, [])


def test_a_message_with_a_password_is_left_out_but_its_result_is_kept(planned: Store, origin: Origin) -> None:
    apply_id = start(planned, origin)
    planned.applies.record(apply_id, [ObjectResult("vc1", "a", "failed", message="https://root:hunter2@vc1 failed")])
    (result,) = planned.applies.results(apply_id)
    assert (result.state, "left out" in result.message, "hunter2" in result.message) == ("failed", True, False)


def test_a_message_with_control_characters_becomes_one_line(planned: Store, origin: Origin) -> None:
    apply_id = start(planned, origin)
    planned.applies.record(apply_id, [ObjectResult("vc1", "a", "failed", message="\x1b[31mno\x00\n  space \ud800")])
    assert planned.applies.results(apply_id)[0].message == "[31mno space"


def test_a_running_apply_is_not_interrupted(planned: Store, origin: Origin) -> None:
    apply_id = start(planned, origin)
    assert [apply.id for apply in planned.applies.unfinished()] == [apply_id]
    assert planned.applies.interrupted() == []


def test_an_apply_on_another_controller_lives_as_long_as_its_lock(
    planned: Store, origin: Origin, clock: ManualClock
) -> None:
    apply_id = start(planned, origin, ELSEWHERE)
    planned.locks.acquire(["vc1"], owner="hanako", run_id=origin.run_id, ttl_seconds=60, process=ELSEWHERE)
    assert planned.applies.interrupted() == []
    clock.move(61)
    assert [apply.id for apply in planned.applies.interrupted()] == [apply_id]


def test_a_number_that_belongs_to_another_process_by_now_is_a_dead_apply(planned: Store, origin: Origin) -> None:
    me = describe_process()
    apply_id = start(planned, origin, Process(me.host, me.instance, me.pid, "1"))
    assert [apply.id for apply in planned.applies.interrupted()] == [apply_id]


APPLIER = """
import sys, threading
sys.path.insert(0, "collections")
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import ObjectResult, Origin
store = open_store(sys.argv[1], production=False)
apply_id = store.applies.start("d1", verb="provision", origin=Origin("hanako", "h", "run-2", ""))
store.applies.record(apply_id, [ObjectResult("vc1", "a", "started")])
print(apply_id, flush=True)
threading.Event().wait()
"""


def test_an_apply_killed_in_the_middle_is_reported_and_closed_by_the_next_run(planned: Store, origin: Origin) -> None:
    command = [sys.executable, "-c", APPLIER, planned.database.name]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as applier:
        assert applier.stdout is not None
        apply_id = int(applier.stdout.readline())
        assert planned.applies.interrupted() == []
        applier.send_signal(signal.SIGKILL)
    (dead,) = planned.applies.interrupted()
    assert (dead.id, dead.run_id, dead.pid) == (apply_id, "run-2", applier.pid)
    assert [(result.object, result.state) for result in planned.applies.results(dead.id)] == [("a", "started")]
    planned.applies.finish(dead.id, outcome="interrupted", origin=origin)
    assert planned.applies.interrupted() == []
    assert payloads(planned)[-1]["event"] == "interrupted"
