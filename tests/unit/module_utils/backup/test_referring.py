"""A copy that refers to another one in the records: what it is held against, and what becomes of it without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup import proof
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.referring import earlier_of
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.schedule import DriveLimits, Turnstile
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import DiskMark, MachineMark
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import USUAL_BACKUP_RUN
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup, StreamRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from tests.support.backups import NOW, make_row
from tests.support.tapes import ONSITE

KEY = "s01-db-1"
ORIGIN = Origin(actor="hanako", host="controller-1", run_id="run-1", commit="0" * 40)
MARK = MachineMark(
    reference="vm-1",
    power="off",
    change_version="7",
    power_on=41,
    snapshots=0,
    disks=(DiskMark(device_key=2000, path="[ds-1] db/db.vmdk", capacity_bytes=2**30, file="1 2026-11-20T01:02:03Z"),),
)
DISK = StreamRecord(name="disk0", sha256="a" * 64, bytes=1000, disk_key=2000)
MANIFEST = StreamRecord(name="manifest", sha256="b" * 64, bytes=10)


class Moment:
    """A clock that the test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Moment:
    return Moment()


@pytest.fixture
def store(tmp_path: Path, clock: Moment) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'records.sqlite3'}", production=False, clock=clock) as found:
        for position, tape in enumerate(("KYT001L8", "KYT002L8"), 1):
            evidence: Any = {"pool": ONSITE, "library": "library-1", "position": str(position)}
            event = CustodyEvent(tape, "register", clock.now, ("山田 太郎",), evidence)
            found.custody.record([event], lambda _: Facts(), ORIGIN)
        yield found


@pytest.fixture
def run(store: Store, clock: Moment) -> RunContext:
    """A run whose tape software knows every job and reads whatever it is told to."""
    read = {name: SimpleNamespace(ok=True) for name in ("disk0", "manifest")}
    tape = SimpleNamespace(
        job=lambda _job: SimpleNamespace(bytes=900),
        read_back=lambda _job, _expected: 99,
        streams=lambda _name, restored: read,
        settings=None,
    )
    return RunContext(
        run_id="run-1",
        origin=ORIGIN,
        store=store,
        lock=cast("Any", SimpleNamespace(check=lambda: None)),
        tape=cast("Any", tape),
        sessions={},
        policy=USUAL_BACKUP_RUN,
        turnstile=Turnstile(DriveLimits(drives=2, streams_per_drive=5, exports_per_datastore=4), print),
        label=cast("Any", None),
        clock=clock,
        say=print,
    )


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job has ended well."""
    monkeypatch.setattr(proof, "wait", lambda *_args, **_options: SimpleNamespace(check=lambda: None))


def on_tape(run: RunContext, run_id: str, tape: str, *streams: StreamRecord, mark: MachineMark | None) -> MachineBackup:
    """The row of a machine that a run has brought to tape."""
    row = make_row(KEY, run_id=run_id)
    run.store.backups.start(run_id, environment="lab", purpose="regular", machines=[row], origin=ORIGIN)
    return run.advance(
        row,
        phase="on-tape",
        job_id=7,
        taken_at=run.clock(),
        tapes=(tape,),
        streams=streams,
        manifest_digest="b" * 64,
        mark=mark,
    )


@pytest.fixture
def whole(run: RunContext, clock: Moment) -> MachineBackup:
    """The copy that holds the disk, proven; the clock is a day on."""
    row = proof.prove(run, proof.record(run, on_tape(run, "run-1", "KYT001L8", DISK, MANIFEST, mark=MARK)))
    assert row.phase == "read-back"
    clock.now += timedelta(days=1)
    return row


def lose(store: Store, clock: Moment, tape: str) -> None:
    store.custody.record([CustodyEvent(tape, "close", clock.now)], lambda _: Facts(), ORIGIN)
    event = CustodyEvent(tape, "damage", clock.now, ("山田 太郎",), {"reason": "test"})
    store.custody.record([event], lambda _: Facts(), ORIGIN)


def test_what_is_known_of_earlier_copies_comes_from_the_newest_that_counts(
    store: Store, clock: Moment, whole: MachineBackup
) -> None:
    found = earlier_of(store, KEY, clock.now)
    assert found.newest is not None
    assert (found.newest.restore_point, found.newest.mark) == (whole.restore_point, MARK)
    lose(store, clock, "KYT001L8")
    assert earlier_of(store, KEY, clock.now).newest is None
    assert earlier_of(store, "s01-db-9", clock.now).newest is None


def test_its_copy_is_recorded_with_what_it_needs_and_read_back_without_it(
    run: RunContext, store: Store, whole: MachineBackup
) -> None:
    refers = replace(DISK, held_by=whole.restore_point)
    row = on_tape(run, "run-2", "KYT002L8", refers, MANIFEST, mark=MARK)
    assert row.expected == {"manifest": "b" * 64}
    proven = proof.prove(run, proof.record(run, row))
    assert proven.phase == "read-back"
    newest = store.copies.of_machine(KEY)[-1]
    assert (newest.needs, newest.id) == ((whole.restore_point,), proven.copy_id)
    assert proven.copy_id is not None
    assert store.backups.content(proven.copy_id).expected() == {"manifest": "b" * 64}
    assert store.copies.verify() == []


def test_a_run_that_died_before_it_recorded_finds_the_reference_in_its_row(
    run: RunContext, store: Store, whole: MachineBackup
) -> None:
    on_tape(run, "run-2", "KYT002L8", replace(DISK, held_by=whole.restore_point), MANIFEST, mark=None)
    (left,) = [each for each in store.backups.left_over("lab") if each.run_id == "run-2"]
    (row,) = left.machines
    assert proof.record(run, row).phase == "recorded"
    assert store.copies.of_machine(KEY)[-1].needs == (whole.restore_point,)


def test_a_copy_whose_reference_is_lost_meanwhile_fails_and_is_made_again(
    run: RunContext, store: Store, clock: Moment, whole: MachineBackup
) -> None:
    refers = replace(DISK, held_by=whole.restore_point)
    recorded = proof.record(run, on_tape(run, "run-2", "KYT002L8", refers, MANIFEST, mark=MARK))
    lose(store, clock, "KYT001L8")
    row = proof.prove(run, recorded)
    assert (row.phase, "does not count any more" in row.problem) == ("failed", True)


def test_a_copy_that_refers_to_nothing_that_is_there_is_not_recorded(run: RunContext, store: Store) -> None:
    row = proof.record(run, on_tape(run, "run-2", "KYT002L8", replace(DISK, held_by=41), MANIFEST, mark=MARK))
    assert (row.phase, "make a whole one" in row.problem) == ("failed", True)
    assert store.copies.of_machine(KEY) == []
