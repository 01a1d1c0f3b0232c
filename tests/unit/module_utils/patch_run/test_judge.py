"""A machine that goes back: its logs are packed once, it is brought back once, and a resume goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    MachineOutcome,
    Result,
    SnapshotTaken,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run import judge
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.judge import Judged, run_judge, run_revert
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.step import Step
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import Done, Snapshot
from tests.support.empty_records import empty_records
from tests.support.patch_sample import make_patch_run

T = TypeVar("T")
AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
ORIGIN = Origin(actor="hanako", host="h", run_id="r1", commit="c")
NAME, MACHINE, SNAPSHOT, LOGS = "s01-ap01", "vm-1", "snapshot-1", "/reports/r1-s01-ap01-logs.tar.gz"


class OneVCenter(Step):
    """A step whose machines are all in one vCenter, which needs no session here."""

    def by_vcenter(
        self, machines: Sequence[PatchMachine], work: Callable[[Any, Sequence[PatchMachine]], list[T]]
    ) -> Any:
        return work(None, machines) if machines else []


class VCenter:
    """What was asked of vCenter; `dies_at` is the request at which the run is killed."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.dies_at = ""

    def _ask(self, what: str, machines: Sequence[str]) -> list[Done]:
        if what == self.dies_at:
            raise KeyboardInterrupt
        self.asked += [f"{what} {each}" for each in machines]
        return [Done(machine=each) for each in machines]

    def read(self, _session: object, machines: Sequence[str]) -> dict[str, tuple[Snapshot, ...]]:
        one = {"reference": SNAPSHOT, "name": "x", "created": AT, "depth": 1, "quiesced": True, "label": None}
        return {each: (Snapshot(machine=each, **one),) for each in machines}  # type: ignore[arg-type]  # literals above

    def revert(self, _session: object, snapshots: Sequence[Snapshot]) -> list[Done]:
        return self._ask("revert", [each.machine for each in snapshots])

    def switch_on(self, _session: object, machines: Sequence[str]) -> list[Done]:
        return self._ask("switch on", machines)


@pytest.fixture
def vcenter(monkeypatch: pytest.MonkeyPatch) -> VCenter:
    found = VCenter()
    monkeypatch.setattr(judge, "read_snapshots", found.read)
    monkeypatch.setattr(judge, "revert_snapshots", found.revert)
    monkeypatch.setattr(judge, "switch_on", found.switch_on)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Records of a run with one machine that goes back and whose logs are not exported yet."""
    run = make_patch_run(AT)
    outcome = MachineOutcome(
        key="s01-ap-1",
        name=NAME,
        system="s01",
        owner="o",
        role="ap",
        segment="lgwan",
        wave="wave-1",
        batch=1,
        result=Result.FAILED,
        snapshot=SnapshotTaken(reference=SNAPSHOT, name="x", expires_on=date(2026, 11, 30)),
    )
    machine = PatchMachine(vcenter="vc", reference=MACHINE, phase=Phase.REVERTING, outcome=outcome)
    with open_store(empty_records(tmp_path / "records.sqlite3"), production=False) as opened:
        opened.patches.start(run, [machine], ORIGIN)
        yield opened


def step(store: Store) -> Step:
    machines = {each.outcome.name: each for each in store.patches.machines("r1").values()}
    return OneVCenter(cast(Any, None), cast(Any, None), store, store.patches.run("r1"), machines, ORIGIN)


def judged(store: Store) -> Judged:
    return run_judge(step(store), {})


def recorded(store: Store) -> tuple[Phase, str]:
    (machine,) = store.patches.machines("r1").values()
    return machine.phase, machine.outcome.logs


def test_a_machine_that_goes_back_is_recorded_as_back_once_it_is(store: Store, vcenter: VCenter) -> None:
    assert (judged(store).revert, judged(store).pack) == ((NAME,), (NAME,))
    assert run_revert(step(store), {NAME: LOGS}).revert == (NAME,)
    assert vcenter.asked == [f"revert {MACHINE}", f"switch on {MACHINE}"]
    assert recorded(store) == (Phase.REVERTED, LOGS)


@pytest.mark.parametrize("dies_at", ["switch on", ""])
def test_a_resume_neither_reverts_again_nor_packs_logs_of_the_reverted_guest(
    store: Store, vcenter: VCenter, dies_at: str
) -> None:
    vcenter.dies_at = dies_at
    if dies_at:
        with pytest.raises(KeyboardInterrupt):
            run_revert(step(store), {NAME: LOGS})
    else:
        run_revert(step(store), {NAME: LOGS})
    assert recorded(store)[0] is Phase.REVERTED
    vcenter.asked, vcenter.dies_at = [], ""
    again = judged(store)
    assert (again.revert, again.pack, again.closed) == ((NAME,), (), ())
    assert run_revert(step(store), {NAME: "/reports/later.tar.gz"}).revert == (NAME,)
    assert vcenter.asked == [f"switch on {MACHINE}"]
    assert recorded(store) == (Phase.REVERTED, LOGS)


def test_killed_while_it_goes_back_its_logs_are_not_packed_again(store: Store, vcenter: VCenter) -> None:
    vcenter.dies_at = "revert"
    with pytest.raises(KeyboardInterrupt):
        run_revert(step(store), {NAME: LOGS})
    assert recorded(store) == (Phase.REVERTING, LOGS)
    assert judged(store).pack == ()
    vcenter.dies_at = ""
    assert run_revert(step(store), {}).revert == (NAME,)
    assert recorded(store) == (Phase.REVERTED, LOGS)
