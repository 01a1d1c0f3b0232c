"""A disk is not written again only where it is proven that nothing was written to it; every doubt has its case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.unchanged import (
    DiskDecision,
    Earlier,
    Terms,
    decide,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import DiskMark, MachineMark, kept_mark
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup, StreamRecord
from tests.support.backups import NOW, make_row
from tests.support.tapes import ONSITE, make_copy

KEY = "s01-db-1"
DAY = timedelta(days=1)
TAPE = "KYT001L8"
DISK = DiskMark(device_key=2000, path="[ds-1] db/db.vmdk", capacity_bytes=2**30, file="1073741824 2026-11-20T01:02:03Z")
OTHER = replace(DISK, device_key=2001, path="[ds-1] db/db_1.vmdk")
OFF = MachineMark(reference="vm-1", power="off", change_version="7", power_on=41, snapshots=0, disks=(DISK, OTHER))
STREAMS = {"disk0": DISK, "disk1": OTHER}


def stream(number: int, sha256: str = "a", **fields: Any) -> StreamRecord:
    return StreamRecord(name=f"disk{number}", sha256=sha256 * 64, bytes=1000, disk_key=2000 + number, **fields)


def row(point: int, days: int, *streams: StreamRecord, mark: MachineMark | None = OFF) -> MachineBackup:
    return make_row(KEY, taken_at=NOW - days * DAY, restore_point=point, streams=streams, mark=mark)


WHOLE = row(1, 2, stream(0, "a"), stream(1, "b"))
BOTH_REFER = row(2, 1, stream(0, held_by=1), stream(1, held_by=1))
REFERS = row(2, 1, stream(0, "a", held_by=1), stream(1, "c"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A machine that is proven to be unchanged; each case changes one thing."""

    rows: tuple[MachineBackup, ...] = (WHOLE,)
    now: MachineMark = OFF
    changed: tuple[tuple[int, bool], ...] = ()
    copy: tuple[tuple[str, Any], ...] = ()  # of the oldest copy
    terms: tuple[tuple[str, Any], ...] = ()
    streams: tuple[tuple[str, DiskMark], ...] = tuple(STREAMS.items())

    def decided(self) -> tuple[DiskDecision, ...]:
        usual: dict[str, Any] = {"machine": KEY, "pool": ONSITE, "tapes": (TAPE,), "key_id": "lgwan-g1"}
        usual["read_back_at"] = NOW - timedelta(hours=1)
        copies = [
            make_copy(
                each.restore_point,
                each.taken_at,
                needs=each.needs,
                **(usual | (dict(self.copy) if number == 0 else {})),
            )
            for number, each in enumerate(self.rows)
        ]
        earlier = Earlier(
            newest=self.rows[-1] if self.rows else None,
            rows={each.restore_point: each for each in self.rows if each.restore_point is not None},
            copies=copies,
            standing=standings(copies, (), NOW),
        )
        usual_terms: dict[str, Any] = {
            "pool": ONSITE,
            "key_id": "lgwan-g1",
            "in_library": {TAPE},
            "now": NOW,
            "days": 14,
        }
        return decide(
            dict(self.streams), earlier, self.now, dict(self.changed), Terms(**(usual_terms | dict(self.terms)))
        )


def test_a_machine_that_was_off_since_its_last_copy_refers_to_it() -> None:
    first, second = Case().decided()
    assert first.reference is not None
    assert second.reference is not None
    assert (first.stream, first.reference.backup) == ("disk0", f"{KEY}-20261122T130000Z")
    assert (first.reference.restore_point, first.reference.sha256) == (1, "a" * 64)
    assert second.reference.sha256 == "b" * 64


def test_a_disk_that_its_last_copy_only_refers_to_refers_to_the_one_that_holds_it() -> None:
    first, second = Case(rows=(WHOLE, REFERS)).decided()
    assert first.reference is not None
    assert second.reference is not None
    assert (first.reference.restore_point, second.reference.restore_point) == (1, 2)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (Case(rows=()), "no copy of it counts"),
        (Case(rows=(replace(WHOLE, mark=None),)), "nothing is known of how it stood"),
        (Case(now=replace(OFF, reference="vm-2")), "another machine in vCenter"),
        (Case(now=replace(OFF, power="on")), "runs or ran"),
        (Case(now=replace(OFF, power="suspended")), "runs or ran"),
        (Case(rows=(replace(WHOLE, mark=replace(OFF, power="on")),)), "runs or ran"),
        (Case(now=replace(OFF, power_on=42)), "was switched on"),
        (Case(now=replace(OFF, power_on=0)), "was switched on"),  # vCenter has forgotten its events
        (Case(now=replace(OFF, change_version="8")), "was reconfigured"),
        (Case(now=replace(OFF, snapshots=1)), "snapshot of somebody else"),
        (Case(copy=(("read_back_ok", False),)), "does not count any more"),
        (Case(copy=(("read_back_at", None),)), "does not count any more"),
        (Case(copy=(("released_at", NOW - DAY),)), "does not count any more"),
        (Case(copy=(("pool", "lgwan-c2-onsite"),)), "another pool"),
        (Case(copy=(("key_id", "lgwan-g0"),)), "another key"),
        (Case(terms=(("in_library", {"KYT009L8"}),)), "not in the library"),
        (Case(terms=(("days", 1),)), "older than 1 days"),
        (Case(rows=(row(1, 2, stream(0, "x"), stream(1, "x")), BOTH_REFER)), "another hash"),
        (Case(rows=(BOTH_REFER,)), "do not know the copy"),
        (Case(changed=((2000, True), (2001, True))), "vCenter names blocks"),
    ],
)  # fmt: skip
def test_any_doubt_writes_every_disk(case: Case, why: str) -> None:
    assert [each.reference for each in case.decided()] == [None, None]
    assert all(why in each.why for each in case.decided()), case.decided()


@pytest.mark.parametrize(
    ("disk", "why"),
    [
        (replace(DISK, file=""), "does not tell when its file"),
        (replace(DISK, file="1073741824 2026-11-24T01:02:03Z"), "its file was written"),
    ],
)
def test_a_file_that_was_touched_past_the_machine_is_written(disk: DiskMark, why: str) -> None:
    first, second = Case(now=replace(OFF, disks=(disk, OTHER))).decided()
    assert (first.reference, why in first.why) == (None, True)
    assert second.reference is not None


@pytest.mark.parametrize(
    "disk",
    [replace(DISK, path="[ds-2] db/db.vmdk"), replace(DISK, capacity_bytes=2**31), replace(DISK, device_key=2002)],
    ids=["moved", "grown", "new"],
)
def test_a_disk_that_is_another_than_before_is_written(disk: DiskMark) -> None:
    first, second = Case(streams=(("disk0", disk), ("disk1", OTHER))).decided()
    assert first.reference is None
    assert second.reference is not None


def test_the_changed_block_query_decides_of_a_machine_that_runs() -> None:
    runs = replace(OFF, power="on", power_on=50, change_version="9")
    first, second = Case(now=runs, changed=((2000, False), (2001, True))).decided()
    assert first.reference is not None
    assert "no block" in first.why
    assert second.reference is None


def test_a_mark_is_kept_of_what_stood_still() -> None:
    assert kept_mark(OFF, replace(OFF, change_version="8"), {}) == replace(OFF, change_version="8")
    assert MachineMark.from_text(OFF.as_text()) == OFF


@pytest.mark.parametrize(
    "after",
    [
        replace(OFF, power="on"),
        replace(OFF, power_on=42),
        replace(OFF, snapshots=1),
        replace(OFF, disks=(replace(DISK, file="1 later"), OTHER)),
    ],
)
def test_no_mark_is_kept_of_what_moved_meanwhile(after: MachineMark) -> None:
    assert kept_mark(OFF, after, {}) is None
    tracked = kept_mark(OFF, after, {2000: "52 de/1"})
    assert tracked is not None
    assert (tracked.power, tracked.disks[0].change_id) == ("on", "52 de/1")
