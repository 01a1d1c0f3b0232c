"""Which disks need not be written again because nothing was written to them, and which copy then counts. Pure.

Any doubt writes the disk. vCenter's changed-block query decides where it answers (QueryChangedDiskAreas). Without an
answer a disk is unchanged if its machine has been off since before its last copy, was neither switched on nor
reconfigured, has no snapshot, and the file of the disk's bytes has the size and time of change that it had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.manifest import backup_name
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, Standing
from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import OFF, DiskMark, MachineMark
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup, StreamRecord

_NEW = "it was not there when the machine was last copied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The copy that holds the bytes of a disk. `backup` is its name in manifests, `sha256` of the disk's stream."""

    backup: str
    restore_point: int
    taken_at: datetime
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskDecision:
    """One disk: `reference` None: it is written; `why` says why, or by what it is known to be unchanged."""

    stream: str
    why: str
    reference: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What the records know of a machine's copies on site. `newest`: the row of the newest one that counts.

    `rows` by restore point, of every copy that may hold a disk; `copies` of the machine with their `standing` by id.
    """

    newest: MachineBackup | None
    rows: Mapping[int, MachineBackup]
    copies: Sequence[Copy]
    standing: Mapping[int, Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a reference must keep to: pool and key of the new copy, tapes in the library, and its greatest age."""

    pool: str
    key_id: str | None
    in_library: Collection[str]
    now: datetime
    days: int


def decide(
    streams: Mapping[str, DiskMark],
    earlier: Earlier,
    now: MachineMark,
    changed: Mapping[int, bool],
    terms: Terms,
) -> tuple[DiskDecision, ...]:
    """One decision per disk, in the order of `streams`: names of streams with the disks as the snapshot shows them.

    `now`: the machine right before its snapshot, with the power-on event of right after it. `changed`: what the
    changed-block query says of disks, by device key; one that it does not answer for is missing.
    """
    newest = earlier.newest
    if newest is None:
        return _all_written(streams, "no copy of it counts that it could refer to")
    if newest.mark is None:
        return _all_written(streams, "nothing is known of how it stood at its last copy")
    if newest.mark.reference != now.reference:
        return _all_written(streams, "it is another machine in vCenter than the one that was last copied")
    decided = []
    for name, disk in streams.items():
        last = next((each for each in newest.streams if each.disk_key == disk.device_key), None)
        answer = changed.get(disk.device_key)
        why = _doubt(disk, newest.mark, now, answer)
        found = _holder(last, newest, earlier, terms) if last and not why else None
        if isinstance(found, Reference):
            known = "off and untouched since then" if answer is None else "vCenter names no block written since then"
            decided.append(DiskDecision(stream=name, why=known, reference=found))
        else:
            decided.append(DiskDecision(stream=name, why=why or found or _NEW))
    return tuple(decided)


def _all_written(streams: Iterable[str], why: str) -> tuple[DiskDecision, ...]:
    return tuple(DiskDecision(stream=name, why=why) for name in streams)


def _doubt(disk: DiskMark, then: MachineMark, now: MachineMark, answer: bool | None) -> str:
    """Why it is not proven that nothing was written to a disk; "" if it is. `answer`: of the changed-block query."""
    before = then.disk(disk.device_key)
    if before is None:
        return _NEW
    if (disk.path, disk.capacity_bytes) != (before.path, before.capacity_bytes):
        return "it is another file, or another size, than at the last copy"
    if answer is not None:
        return "vCenter names blocks that were written since the last copy" if answer else ""
    here = now.disk(disk.device_key)
    doubts = (
        (
            {then.power, now.power} != {OFF},
            "the machine runs or ran: what a guest writes is known by changed-block tracking alone",
        ),
        (now.power_on != then.power_on, "the machine was switched on since its last copy"),
        (now.change_version != then.change_version, "the machine was reconfigured since its last copy"),
        (then.snapshots or now.snapshots, "the machine has a snapshot of somebody else"),
        (here is None or not here.file, "its datastore does not tell when its file was last written"),
        (here is not None and here.file != before.file, "its file was written since the last copy"),
    )
    return next((text for doubtful, text in doubts if doubtful), "")


def _holder(last: StreamRecord, newest: MachineBackup, earlier: Earlier, terms: Terms) -> Reference | str:
    """The copy that holds a disk's bytes, or why it does not do. Never one that only refers to another copy itself."""
    point = newest.restore_point if last.held_by is None else last.held_by
    row = None if point is None else earlier.rows.get(point)
    streams = row.streams if row else ()
    held = next((each for each in streams if each.disk_key == last.disk_key and each.held_by is None), None)
    if point is None or row is None or row.taken_at is None or held is None:
        return "the records do not know the copy that holds it"
    if (held.sha256, held.bytes) != (last.sha256, last.bytes):
        return "its last manifest tells another hash than the copy that holds it"
    if terms.now - row.taken_at > timedelta(days=terms.days):
        return f"the copy that holds it is older than {terms.days} days"
    here = [copy for copy in earlier.copies if copy.restore_point == point and not copy.offsite]
    good = [copy for copy in here if earlier.standing.get(copy.id) == "good"]
    alike = [copy for copy in good if (copy.pool, copy.key_id) == (terms.pool, terms.key_id)]
    if not alike:
        told = "is in another pool, or was written with another key" if good else "does not count any more"
        return f"the copy that holds it {told}"
    if not any(set(copy.tapes) <= set(terms.in_library) for copy in alike):
        return "a tape of the copy that holds it is not in the library"
    backup = backup_name(row.machine, row.taken_at)
    return Reference(backup=backup, restore_point=point, taken_at=row.taken_at, sha256=held.sha256, bytes=held.bytes)
