"""One run per vCenter; the lock of the dead is taken over and that is written down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    InvalidRecordError,
    LockHeldError,
    LockLostError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.lease import Lease
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import (
    Process,
    describe_process,
    is_gone,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

from .conftest import ManualClock

REPOSITORY = Path(__file__).parents[4]
ELSEWHERE = Process(host="controller-2", instance="another boot", pid=os.getpid(), started="1")


def acquire(store: Store, *resources: str, run_id: str = "run-1", process: Process | None = None) -> Lease:
    return store.locks.acquire(resources, owner="hanako", run_id=run_id, ttl_seconds=60, process=process)


def held(store: Store) -> dict[str, str]:
    return {holder.resource: holder.run_id for holder in store.locks.holders()}


def test_a_lock_is_held_inside_and_free_afterwards(store: Store) -> None:
    with acquire(store, "vc1", "vc2") as lease:
        lease.check()
        assert held(store) == {"vc1": "run-1", "vc2": "run-1"}
    assert held(store) == {}
    assert store.chain.head().id == 0


def test_a_lock_is_free_after_an_error_inside(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), acquire(store, "vc1"):
        _ = 1 / 0
    assert held(store) == {}


def test_a_held_lock_names_holder_and_way_out(store: Store, opened: Callable[[], Store]) -> None:
    with acquire(store, "vc1"), pytest.raises(LockHeldError) as caught:
        acquire(opened(), "vc1", run_id="run-2")
    message = str(caught.value)
    for part in (
        "'vc1'",
        "hanako",
        os.uname().nodename,
        "run-1",
        "2026-11-24T06:00:00",
        "scripts/records.py unlock vc1",
    ):
        assert part in message


def test_all_locks_are_taken_or_none(store: Store) -> None:
    with acquire(store, "vc2"):
        with pytest.raises(LockHeldError):
            acquire(store, "vc1", "vc2", "vc3", run_id="run-2")
        assert held(store) == {"vc2": "run-1"}


def test_different_vcenters_are_changed_side_by_side(store: Store) -> None:
    with acquire(store, "vc1"), acquire(store, "vc2", run_id="run-2"):
        assert held(store) == {"vc1": "run-1", "vc2": "run-2"}


def test_an_expired_lease_of_another_controller_is_taken_over_and_written_down(
    store: Store, clock: ManualClock
) -> None:
    old = acquire(store, "vc1", process=ELSEWHERE)
    clock.move(59)
    with pytest.raises(LockHeldError):
        acquire(store, "vc1", run_id="run-2")
    clock.move(1)
    with acquire(store, "vc1", run_id="run-2"):
        with pytest.raises(LockLostError, match="another run took it over"):
            old.renew()
        with pytest.raises(LockLostError):
            old.release()
        assert held(store) == {"vc1": "run-2"}
    (entry,) = store.chain.entries(kind="lock-takeover", subject="vc1")
    payload = json.loads(entry.payload_text)
    assert payload["previous"]["run_id"] == "run-1"
    assert "expired" in payload["reason"]
    assert entry.run_id == "run-2"


def test_renewing_keeps_others_out(store: Store, clock: ManualClock) -> None:
    lease = acquire(store, "vc1", process=ELSEWHERE)
    clock.move(59)
    lease.renew()
    clock.move(59)
    with pytest.raises(LockHeldError):
        acquire(store, "vc1", run_id="run-2")


def test_the_heartbeat_renews_while_the_work_goes_on(database_file: Path) -> None:
    renewed = threading.Event()
    with (
        open_store(f"sqlite:///{database_file}", production=False) as store,
        store.locks.acquire(["vc1"], owner="hanako", run_id="run-1", ttl_seconds=1) as lease,
    ):
        first = store.locks.holders()[0].heartbeat_at
        renew = lease.renew

        def renew_and_tell() -> None:
            renew()
            renewed.set()

        lease.renew = renew_and_tell  # type: ignore[method-assign]
        assert renewed.wait(timeout=10)
        lease.check()
        assert store.locks.holders()[0].heartbeat_at > first


def test_a_lease_that_could_not_be_renewed_in_time_stops_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = acquire(store, "vc1")
    import time

    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with pytest.raises(LockLostError, match="not renewed for 60 s"):
        lease.check()


HOLDER = """
import sys, threading
sys.path.insert(0, "collections")
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
store = open_store(sys.argv[1], production=False)
with store.locks.acquire(["vc1"], owner="taro", run_id="run-9", ttl_seconds=3600):
    print("held", flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("reaped", [True, False], ids=["gone", "not yet collected by its parent"])
def test_the_lock_of_a_killed_process_is_taken_over_at_once(store: Store, *, reaped: bool) -> None:
    command = [sys.executable, "-c", HOLDER, store.database.name]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError, match="run-9"):
            acquire(store, "vc1")
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == ""  # the end of its output is the end of the process
        if reaped:
            process.wait(timeout=10)
        else:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with acquire(store, "vc1"):
            assert held(store) == {"vc1": "run-1"}
    (entry,) = store.chain.entries(kind="lock-takeover")
    assert f"process {process.pid}" in json.loads(entry.payload_text)["reason"]


def test_a_process_of_another_namespace_is_never_judged_dead() -> None:
    me = describe_process()
    assert not is_gone(me)
    assert is_gone(Process(me.host, me.instance, me.pid, "1"))
    assert not is_gone(Process(me.host, "another boot", me.pid, "1"))
    assert not is_gone(Process(me.host, "", me.pid, "1"))


def test_unlocking_by_hand_is_written_down_and_stops_the_other_run(store: Store, origin: Origin) -> None:
    lease = acquire(store, "vc1")
    store.locks.unlock("vc1", reason="run-1 hangs, 電話で確認済", origin=origin)
    with pytest.raises(LockLostError, match="a person removed it"):
        lease.renew()
    (entry,) = store.chain.entries(kind="unlock", subject="vc1")
    assert json.loads(entry.payload_text)["reason"] == "run-1 hangs, 電話で確認済"


def test_unlocking_needs_a_lock_and_a_reason(store: Store, origin: Origin) -> None:
    with pytest.raises(InvalidRecordError, match="not locked"):
        store.locks.unlock("vc1", reason="because", origin=origin)
    acquire(store, "vc1")
    with pytest.raises(InvalidRecordError, match="reason"):
        store.locks.unlock("vc1", reason=" ", origin=origin)


def test_a_lock_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(InvalidRecordError):
        acquire(store)
