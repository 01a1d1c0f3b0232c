"""How the disks of a machine stood at one moment, by marks of its vCenter that change with what is written. Pure.

No clock is compared with another one: a mark is equal to an earlier one, or it is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskMark:
    """One disk. `path`: "[datastore] folder/file.vmdk"; `capacity_bytes`: its size for the guest.

    `file`: size and last change of the file that holds its bytes, as the datastore's browser tells them; "" where it
    tells none. `change_id`: point in the changed-block tracking of the snapshot that was copied; "" without tracking.
    """

    device_key: int
    path: str
    capacity_bytes: int
    file: str = ""
    change_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMark:
    """One machine. `reference`: managed object id; `power`: on, off, suspended; `snapshots`: how many it has.

    `change_version` is vCenter's mark of the configuration, `power_on` the key of the last event that says that the
    machine was switched on (0: vCenter remembers none).
    """

    reference: str
    power: str
    change_version: str
    power_on: int
    snapshots: int
    disks: tuple[DiskMark, ...]

    def disk(self, device_key: int) -> DiskMark | None:
        """A disk by vCenter's key of the device."""
        return next((disk for disk in self.disks if disk.device_key == device_key), None)

    def as_text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> MachineMark:
        """Read it back."""
        values = json.loads(text)
        return cls(**{**values, "disks": tuple(DiskMark(**disk) for disk in values["disks"])})


def kept_mark(before: MachineMark, after: MachineMark, change_ids: Mapping[int, str]) -> MachineMark | None:
    """What may be kept of a machine that was copied between two looks; None: a later look could prove nothing by it.

    `change_ids`: of the snapshot that was copied, by device key. Without them the machine must have stood still from
    before its snapshot until after its removal: off, never switched on, its files untouched, no other snapshot.
    """
    still = (
        (before.power, after.power) == (OFF, OFF)
        and (before.snapshots, after.snapshots) == (0, 0)
        and before.power_on == after.power_on
        and _files(before) == _files(after)
    )
    if not still and not any(change_ids.values()):
        return None
    disks = tuple(replace(disk, change_id=change_ids.get(disk.device_key, "")) for disk in after.disks)
    # What did not stand still is kept for its change ids alone: marks of a machine that ran prove nothing.
    return replace(after, disks=disks, power=after.power if still else "on")


def _files(mark: MachineMark) -> dict[int, tuple[str, str]]:
    return {disk.device_key: (disk.path, disk.file) for disk in mark.disks}
