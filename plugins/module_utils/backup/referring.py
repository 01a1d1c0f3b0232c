"""Beside one attempt: what is known of a machine's earlier copies and its disks, and what is kept for the next run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.unchanged import (
    DiskDecision,
    Earlier,
    Terms,
    decide,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import OFF, DiskMark, MachineMark, kept_mark
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.delete_machine import newest_power_on
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.disk_marks import (
    changed_disks,
    read_mark,
    snapshot_disks,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

# Where the robot reaches a tape by itself.
_IN_LIBRARY = frozenset({"drive", "slot"})


def earlier_of(store: Store, machine: str, now: datetime) -> Earlier:
    """What the records know of a machine's copies on site (by its key)."""
    copies = [copy for copy in store.copies.of_machine(machine) if not copy.offsite]
    tapes = {tape for copy in copies for tape in copy.tapes}
    standing = standings(copies, unreadable_tapes(store.custody.statuses(tapes).values()), now)
    good = [copy for copy in copies if standing.get(copy.id) == "good"]
    rows = store.backups.of_points({copy.restore_point for copy in good})
    newest = max(good, key=lambda copy: (copy.taken_at, copy.id), default=None)
    return Earlier(
        newest=rows.get(newest.restore_point) if newest else None, rows=rows, copies=copies, standing=standing
    )


def terms_of(store: Store, item: Item, earlier: Earlier, now: datetime, days: int) -> Terms:
    """What a reference of this machine must keep to."""
    tapes = {tape for copy in earlier.copies for tape in copy.tapes}
    here = {tape for tape, status in store.custody.statuses(tapes).items() if status.place in _IN_LIBRARY}
    return Terms(pool=item.pool, key_id=item.key_id, in_library=here, now=now, days=days)


def streams_of(item: Item, device_keys: Iterable[int], disks: Mapping[int, DiskMark]) -> dict[str, DiskMark]:
    """The disks by the names of their streams, which are in the order of `device_keys`; an unknown one is left out."""
    return {
        name: disks[device_key]
        for name, device_key in zip(item.streams, device_keys, strict=False)
        if device_key in disks
    }


def foreseen(session: Session, store: Store, item: Item, now: datetime, days: int) -> tuple[DiskDecision, ...]:
    """What would be decided now, without a snapshot and so without the changed-block query. Raises VCenterError."""
    mark = read_mark(session, item.observed.reference, files=True)
    earlier = earlier_of(store, item.machine.key, now)
    keys = [disk.device_key for disk in item.observed.disks]
    disks = streams_of(item, keys, {disk.device_key: disk for disk in mark.disks})
    return decide(disks, earlier, mark, {}, terms_of(store, item, earlier, now, days))


class Referring:
    """The looks at one machine before, during and after one attempt to copy it."""

    def __init__(self, session: Session, store: Store, item: Item, days: int) -> None:
        self._session, self._store, self._item, self._days = session, store, item, days
        self._before: MachineMark | None = None
        self._copied: Mapping[int, DiskMark] = {}

    @property
    def _machine(self) -> str:
        return self._item.observed.reference

    def look_before(self) -> None:
        """Right before the snapshot, for taking one may change vCenter's marks. Raises VCenterError."""
        self._before = read_mark(self._session, self._machine, files=False)

    def decide(self, snapshot: str, device_keys: Sequence[int], now: datetime) -> tuple[DiskDecision, ...]:
        """With the snapshot (managed object id) taken: which disks refer to which copy. Raises VCenterError.

        `device_keys`: of the disks as they are exported, in the order of their streams.
        """
        if self._before is None:
            raise ValueError("the machine is looked at before its snapshot")
        off = self._before.power == OFF
        self._copied = snapshot_disks(self._session, snapshot, files=off)
        if off:
            # Who switched it on, or wrote past it, between the look and the snapshot has left a mark behind.
            self._before = replace(
                self._before,
                power_on=newest_power_on(self._session, self._machine),
                disks=tuple(replace(disk, change_id="") for disk in self._copied.values()),
            )
        earlier = earlier_of(self._store, self._item.machine.key, now)
        mark = earlier.newest.mark if earlier.newest else None
        since = {disk.device_key: disk.change_id for disk in mark.disks if disk.change_id} if mark else {}
        tracked = {key: each for key, each in since.items() if key in self._copied and self._copied[key].change_id}
        changed = changed_disks(self._session, self._machine, snapshot, tracked)
        terms = terms_of(self._store, self._item, earlier, now, self._days)
        disks = streams_of(self._item, device_keys, self._copied)
        return decide(disks, earlier, self._before, changed, terms)

    def look_after(self) -> MachineMark | None:
        """With the snapshot removed: what may be kept for the next run. Raises VCenterError."""
        if self._before is None:
            return None
        ids = {key: disk.change_id for key, disk in self._copied.items()}
        return kept_mark(self._before, read_mark(self._session, self._machine, files=True), ids)
