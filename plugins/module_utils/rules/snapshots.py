"""K-03: snapshots that were forgotten. They are in vCenter and not in the repository, so drift looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLimits:
    """Rule K-03 as data: hours from which a snapshot is old, and the longest chain."""

    age_hours: int
    chain: int


def check_age(machine: ObservedMachine, limits: SnapshotLimits, now: datetime) -> Iterator[Text]:
    """The oldest snapshot of a machine, where it is older than it may be. `now` is aware."""
    created = [time for each in machine.snapshot_list if (time := _time(each.created)) is not None]
    oldest = min(created, default=None)
    if oldest is not None and now - oldest > timedelta(hours=limits.age_hours):
        hours = int((now - oldest).total_seconds() // 3600)
        yield Text(
            en=f"oldest snapshot is {hours} hours old (limit {limits.age_hours})",
            ja=f"最も古いスナップショットが {hours} 時間経過（上限 {limits.age_hours}）",
        )


def check_chain(machine: ObservedMachine, limits: SnapshotLimits, _now: datetime) -> Iterator[Text]:
    """Snapshots of snapshots: each write goes through all of them."""
    chain = max((each.depth for each in machine.snapshot_list), default=0)
    if chain > limits.chain:
        yield Text(
            en=f"chain of {chain} snapshots (limit {limits.chain})",
            ja=f"スナップショットが {chain} 段（上限 {limits.chain}）",
        )


def _time(text: str) -> datetime | None:
    """A time of vCenter's XML; None where it is none. Without an offset it is UTC, as vCenter counts."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
