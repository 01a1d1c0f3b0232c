"""Results are recorded as they come, and only by the run that holds the lock."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, make_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import LockLostError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import (
    Recorder,
    Run,
    locked_run,
    records_to_read,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from tests.support.builders import make_desired_vcenter, make_observed_vcenter

from .worlds import target


@pytest.fixture
def place(tmp_path: Path) -> Target:
    endpoint = Endpoint(id="vc", hostname="vcenter.invalid", port=443, username="u", password="p", ca_file=None)
    return dataclasses.replace(target(), records_url=f"sqlite:///{tmp_path}/records.sqlite3", endpoints=(endpoint,))


def test_records_that_are_not_there_are_empty_for_who_reads_and_are_not_made(place: Target, tmp_path: Path) -> None:
    with records_to_read(place) as store:
        assert store.copies.existing() == []
        assert list(store.chain.entries()) == []
    assert list(tmp_path.iterdir()) == []


def test_records_that_are_there_are_read(place: Target) -> None:
    with locked_run(place, "provision", "c0ffee") as running:
        running.store.chain.append("note", "x", {"text": "y"}, running.origin)
    with records_to_read(place) as store:
        assert "note" in [entry.kind for entry in store.chain.entries()]


@pytest.fixture
def run(place: Target) -> Iterator[Run]:
    with locked_run(place, "provision", "c0ffee") as running:
        yield running


@pytest.fixture
def plan() -> Plan:
    observed = make_observed_vcenter()
    return make_plan(
        environment="lab",
        commit="c0ffee",
        part="machines",
        scope=None,
        observed=[observed],
        comparisons=[compare_vcenter(make_desired_vcenter(), observed)],
    )


def result(name: str) -> Result:
    return Result(vcenter="vc", kind="machine", object=name, label=name, status="changed", message="made")


def test_results_that_fill_no_group_are_written_at_the_end(place: Target, run: Run, plan: Plan) -> None:
    recorder = Recorder(run, place, "provision", plan)
    (started,) = run.store.applies.unfinished()
    recorder.add(result("m-1"))
    recorder.finish(failed=False)
    assert [(each.object, each.state) for each in run.store.applies.results(started.id)] == [("m-1", "done")]
    assert run.store.applies.unfinished() == []


def lose_the_lock(place: Target, plan: Plan) -> None:
    with locked_run(place, "provision", "c0ffee") as running:
        recorder = Recorder(running, place, "provision", plan)
        recorder.add(result("m-1"))
        running.store.locks.unlock("lab/vc", reason="test", origin=running.origin)
        with pytest.raises(LockLostError):
            running.lease.renew()  # what the heartbeat does
        with pytest.raises(LockLostError):
            recorder.add(result("m-2"))


def test_a_run_whose_lock_was_taken_away_stops_with_the_next_object(place: Target, plan: Plan) -> None:
    with pytest.raises(LockLostError):
        lose_the_lock(place, plan)
