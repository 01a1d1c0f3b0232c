"""Runs and their machines: what the next run must find of one that died, and the way from a copy to its streams."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup, StreamRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from tests.support.backups import make_row
from tests.support.tapes import ONSITE
from tests.unit.module_utils.records.conftest import ManualClock

STREAMS = (
    StreamRecord(name="disk0", sha256="a" * 64, bytes=1000, disk_key=2000),
    StreamRecord(name="manifest", sha256="b" * 64, bytes=10),
)


def start(store: Store, origin: Origin, *rows: MachineBackup, run_id: str = "run-1") -> None:
    store.backups.start(run_id, environment="lab", purpose="regular", machines=rows, origin=origin)


def test_a_run_that_died_is_found_with_each_machine_where_it_was(
    store: Store, origin: Origin, clock: ManualClock
) -> None:
    start(store, origin, make_row("m-1"), make_row("m-2"))
    first = replace(make_row("m-1"), phase="exporting", job_id=7, taken_at=clock.now, attempt=2, problem="line\nbreak")
    store.backups.advance(first)
    (run,) = store.backups.left_over("lab")
    assert (run.run_id, run.finished_at, run.purpose) == ("run-1", None, "regular")
    assert run.machines == (replace(first, problem="line break"), make_row("m-2"))
    assert store.backups.left_over("production") == []


def test_a_run_that_ended_is_left_over_only_as_long_as_a_machine_is_open(store: Store, origin: Origin) -> None:
    start(store, origin, make_row("m-1"), make_row("m-2"))
    store.backups.advance(make_row("m-1", phase="cleaned"))
    store.backups.advance(make_row("m-2", phase="recorded"))
    store.backups.finish("run-1", outcome="failed", origin=origin)
    assert [run.run_id for run in store.backups.left_over("lab")] == ["run-1"]
    store.backups.advance(make_row("m-2", phase="failed"))
    assert store.backups.left_over("lab") == []


def test_the_end_stands_in_the_chain_and_comes_once(store: Store, origin: Origin) -> None:
    start(store, origin, make_row("m-1", phase="cleaned"), make_row("m-2", phase="failed"))
    store.backups.finish("run-1", outcome="failed", origin=origin)
    (entry,) = store.chain.entries(kind="backup")
    assert entry.subject == "run-1"
    assert '"cleaned":1' in entry.payload_text.replace(" ", "")
    with pytest.raises(InvalidRecordError, match="ended already"):
        store.backups.finish("run-1", outcome="failed", origin=origin)


def test_a_machine_that_is_not_in_the_run_is_no_silent_loss(store: Store, origin: Origin) -> None:
    start(store, origin, make_row("m-1"))
    with pytest.raises(InvalidRecordError, match="no machine m-9"):
        store.backups.advance(make_row("m-9"))


def test_the_rate_is_that_of_the_last_run_with_a_good_end(store: Store, origin: Origin, clock: ManualClock) -> None:
    assert store.backups.last_rate("lab") is None
    for number, (size, outcome) in enumerate([(500, "succeeded"), (2000, "succeeded"), (9999, "failed")]):
        row = make_row("m-1", run_id=f"run-{number}")
        start(store, origin, row, run_id=row.run_id)
        store.backups.advance(replace(row, size_bytes=size, phase="cleaned"))
        clock.move(10)
        store.backups.finish(row.run_id, outcome=outcome, origin=origin)  # type: ignore[arg-type]  # of the list above
    assert store.backups.last_rate("lab") == 200.0


def test_from_a_copy_to_its_streams_also_for_the_copy_of_the_other_side(
    store: Store, origin: Origin, clock: ManualClock
) -> None:
    for number, pool in enumerate((ONSITE, "lgwan-c3-offsite"), 1):
        evidence = {"pool": pool, "library": "library-1", "position": str(number)}
        event = CustodyEvent(f"KYT00{number}L8", "register", clock.now, ("山田 太郎",), evidence)  # type: ignore[arg-type]  # literals
        store.custody.record([event], lambda _: Facts(), origin)
    start(store, origin, make_row("m-1"))
    new = NewCopy(
        machine="m-1",
        system="s01",
        backup_class="tape-daily",
        taken_at=clock.now,
        pool=ONSITE,
        offsite=False,
        tapes=("KYT001L8",),
        size_bytes=900,
        key_id="lgwan-g1",
        job="7",
        manifest_digest="b" * 64,
    )
    (copy,) = store.copies.add([new], origin)
    row = make_row("m-1", phase="recorded", job_id=7, streams=STREAMS, tapes=("KYT001L8",), taken_at=clock.now)
    store.backups.advance(replace(row, copy_id=copy.id, restore_point=copy.restore_point, manifest_digest="b" * 64))
    away = replace(new, offsite=True, pool="lgwan-c3-offsite", tapes=("KYT002L8",), job="9")
    (second,) = store.copies.add([replace(away, restore_point=copy.restore_point)], origin)

    here, there = store.backups.content(copy.id), store.backups.content(second.id)
    assert (here.job_id, here.tapes, here.offsite) == (7, ("KYT001L8",), False)
    assert (there.job_id, there.tapes, there.offsite) == (9, ("KYT002L8",), True)
    assert here.streams == there.streams == STREAMS
    assert here.expected() == {"disk0": "a" * 64, "manifest": "b" * 64}
    assert (here.machine, here.client, here.instance_uuid) == ("m-1", "lgwan-fd", row.instance_uuid)
    with pytest.raises(InvalidRecordError, match="no copy 99"):
        store.backups.content(99)
