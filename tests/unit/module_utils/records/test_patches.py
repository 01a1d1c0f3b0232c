"""Patch runs in the records: begun, taken over from the dead, closed and ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import (
    KIND,
    PatchMachine,
    Phase,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import Process, describe_process
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from tests.support.patch_sample import make_patch_run

ORIGIN = Origin(actor="hanako", host="h", run_id="r1", commit="c")
AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
HERE = describe_process()
DEAD = replace(HERE, pid=2**22 + 1, started="1")
RUN = make_patch_run(AT, process=HERE)


def machine(key: str, phase: Phase = Phase.PLANNED, result: Result = Result.SKIPPED, **fields: object) -> PatchMachine:
    outcome = MachineOutcome(
        key=key,
        name=key.upper(),
        system="s01",
        owner="o",
        role="ap",
        segment="lgwan",
        wave="wave-1",
        batch=1,
        result=result,
    )
    return PatchMachine(vcenter="vc", reference=f"vm-{key}", phase=phase, outcome=outcome, **fields)  # type: ignore[arg-type]


def test_a_run_and_its_machines_come_back_as_they_were_given(store: Store) -> None:
    given = [machine("a"), machine("b", Phase.ADMITTED, only_by_a_person=("why", "理由"))]
    store.patches.start(RUN, given, ORIGIN)
    assert store.patches.run("r1") == RUN
    assert store.patches.machines("r1") == {"a": given[0], "b": given[1]}
    assert store.patches.runs("lab", "2026-11") == [RUN]
    assert store.patches.runs("production", "2026-11") == []


def test_a_step_that_is_saved_again_overwrites_its_machine_only(store: Store) -> None:
    store.patches.start(RUN, [machine("a"), machine("b")], ORIGIN)
    store.patches.save("r1", [machine("a", Phase.RESTARTING)])
    found = store.patches.machines("r1")
    assert (found["a"].phase, found["b"].phase) == (Phase.RESTARTING, Phase.PLANNED)


def test_only_a_closed_machine_that_came_out_well_is_done(store: Store) -> None:
    rows = [machine("a", Phase.ADMITTED, Result.PATCHED), machine("b"), machine("c")]
    store.patches.start(RUN, rows, ORIGIN)
    closed = [machine("b", result=Result.UNCHANGED), machine("c", result=Result.FAILED)]
    store.patches.close("r1", closed, "", ORIGIN)
    assert set(store.patches.done("lab", "2026-11")) == {"b"}
    assert store.patches.done("lab", "2026-12") == {}


def test_a_machine_with_packages_that_are_kept_back_is_not_done(store: Store) -> None:
    store.patches.start(RUN, [machine("a")], ORIGIN)
    row = machine("a", result=Result.PATCHED)
    store.patches.close("r1", [replace(row, outcome=replace(row.outcome, kept_back=("openssl",)))], "", ORIGIN)
    assert store.patches.done("lab", "2026-11") == {}


def test_a_run_is_unfinished_until_its_end_and_its_outcome_is_proven(store: Store) -> None:
    store.patches.start(RUN, [machine("a")], ORIGIN)
    assert [each.run_id for each in store.patches.unfinished("lab")] == ["r1"]
    store.patches.close("r1", [machine("a", result=Result.PATCHED)], "2 failed (budget 1)", ORIGIN)
    outcome = store.patches.finish("r1", ["a finding"], ORIGIN)
    assert store.patches.unfinished("lab") == []
    assert store.patches.outcome("r1") == outcome
    assert (outcome.stopped, outcome.findings) == ("2 failed (budget 1)", ("a finding",))
    assert [entry.kind for entry in store.chain.entries(kind=KIND)] == [KIND] * 3
    assert store.chain.verify().ok


@pytest.mark.parametrize(
    ("phase", "result", "reason"),
    [
        (Phase.PLANNED, Result.SKIPPED, "the run has not come to it"),
        (Phase.RESTARTING, Result.FAILED, "nobody knows its state"),
    ],
)
def test_a_machine_that_is_not_closed_never_looks_good(store: Store, phase: Phase, result: Result, reason: str) -> None:
    row = machine("a", phase)
    store.patches.start(RUN, [replace(row, outcome=replace(row.outcome, result=Result.PATCHED))], ORIGIN)
    (found,) = store.patches.outcome("r1").machines
    assert (found.result, reason in found.reason) == (result, True)


def test_a_run_that_died_is_taken_over_and_says_from_whom(store: Store) -> None:
    store.patches.start(replace(RUN, process=DEAD), [machine("a", Phase.ADMITTED)], ORIGIN)
    (dead,) = store.patches.unfinished("lab")
    assert dead.is_dead
    taken = store.patches.adopt(dead, HERE, [machine("b")], replace(ORIGIN, actor="taro"))
    assert store.patches.run("r1") == taken
    assert not taken.is_dead
    assert taken.resumed_from == ("hanako on " + HERE.host + ", last seen 2026-11-24 06:00:00 UTC",)
    assert set(store.patches.machines("r1")) == {"a", "b"}


def test_a_process_of_another_host_may_be_alive(store: Store) -> None:
    elsewhere = Process("elsewhere", "another-boot", 1, "1")
    store.patches.start(replace(RUN, process=elsewhere), [], ORIGIN)
    assert not store.patches.unfinished("lab")[0].is_dead


def test_runs_of_a_month_are_found_by_when_they_began(store: Store) -> None:
    store.patches.start(RUN, [], ORIGIN)
    assert [each.run_id for each in store.patches.started_between(AT, AT + timedelta(seconds=1))] == ["r1"]
    assert store.patches.started_between(AT - timedelta(days=1), AT) == []


def test_an_unknown_run_is_told(store: Store) -> None:
    with pytest.raises(InvalidRecordError, match="there is no patch run x"):
        store.patches.outcome("x")
