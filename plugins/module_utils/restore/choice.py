"""Which copy a restore takes: the newest one before a moment that counts, and the copies that it refers to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import (
    Copy,
    Standing,
    lies_on,
    standings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus, unreadable_tapes

Side = Literal["onsite", "offsite"]
# Where the robot reaches a tape by itself.
IN_LIBRARY = frozenset({"drive", "slot"})


class NothingToRestore(Exception):
    """There is no copy that a restore could take; the message says what there is and why it does not count."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A newer copy that was not taken, and why."""

    copy: Copy
    standing: Standing


@dataclass(frozen=True, slots=True)
class Choice:
    """What is restored. `needed`: copies of the restore points that `copy` refers to; `passed_over`: newest first."""

    copy: Copy
    needed: tuple[Copy, ...]
    passed_over: tuple[PassedOver, ...]
    proven: bool  # it was read back as a whole

    @property
    def tapes(self) -> tuple[str, ...]:
        """Barcodes in the order in which they are read."""
        return tuple(dict.fromkeys(tape for copy in (self.copy, *self.needed) for tape in copy.tapes))

    @property
    def size_bytes(self) -> int:
        """Bytes on tape of everything that may have to be read."""
        return sum(copy.size_bytes for copy in (self.copy, *self.needed))


def choose_copy(
    copies: Iterable[Copy],
    statuses: Mapping[str, TapeStatus],
    machine: str,
    *,
    at: datetime,
    as_of: datetime,
    side: Side | None = None,
    unproven: bool = False,
) -> Choice:
    """The newest copy of a machine (by key) that was taken at or before `at` and counts at `as_of`.

    Of two copies of one restore point the one in the library is taken. `copies` are those of the whole estate, since
    what a copy refers to must count too. `unproven`: take one that was never read back where nothing better exists;
    for an emergency. NothingToRestore says why nothing is left.
    """
    present = list(copies)
    standing = standings(present, unreadable_tapes(statuses.values()), as_of)
    own = [
        copy
        for copy in present
        if copy.machine == machine
        and copy.id in standing
        and copy.taken_at <= at
        and (side is None or copy.offsite == (side == "offsite"))
    ]
    if not own:
        where = {None: "", "onsite": " on site", "offsite": " off site"}[side]
        raise NothingToRestore(f"{machine}: no copy{where} was taken before {at.isoformat(timespec='minutes')}")
    here = {tape for tape, status in statuses.items() if status.place in IN_LIBRARY}
    own.sort(key=lambda copy: (copy.taken_at, lies_on(copy, own, standing, here), copy.id), reverse=True)
    accepted = ("good", "awaiting") if unproven else ("good",)
    for wanted in accepted:
        for number, copy in enumerate(own):
            if standing[copy.id] == wanted:
                passed = tuple(PassedOver(each, standing[each.id]) for each in own[:number])
                return Choice(copy, _needed(copy, present, standing, statuses), passed, standing[copy.id] == "good")
    reasons = "; ".join(f"{copy.taken_at:%Y-%m-%d %H:%M} UTC {_words(standing[copy.id])}" for copy in own[:5])
    raise NothingToRestore(
        f"{machine}: {len(own)} copies, none of which counts: {reasons}. A copy that awaits its read-back is "
        "taken only when that is asked for (unproven)"
    )


def _reachable(copy: Copy, statuses: Mapping[str, TapeStatus]) -> bool:
    return all(tape in statuses and statuses[tape].place in IN_LIBRARY for tape in copy.tapes)


def _needed(
    copy: Copy, present: list[Copy], standing: Mapping[int, Standing], statuses: Mapping[str, TapeStatus]
) -> tuple[Copy, ...]:
    """The copies that hold what `copy` refers to, on its own side, the ones in the library first."""
    found: dict[int, Copy] = {}
    open_points = list(copy.needs)
    while open_points:
        point = open_points.pop(0)
        if point in found:
            continue
        holders = [
            each
            for each in present
            if each.restore_point == point
            and each.offsite == copy.offsite
            and standing.get(each.id) in {"good", "awaiting"}
        ]
        holders.sort(key=lambda each: (standing[each.id] == "good", _reachable(each, statuses)), reverse=True)
        if not holders:
            raise NothingToRestore(
                f"{copy.machine}: the copy of {copy.taken_at:%Y-%m-%d} refers to restore point {point}, which is gone"
            )
        found[point] = holders[0]
        open_points += holders[0].needs
    return tuple(found.values())


def _words(standing: Standing) -> str:
    return {
        "good": "counts",
        "awaiting": "awaits its read-back",
        "failed": "failed its read-back",
        "tape-unreadable": "has a tape that cannot be read or is gone",
        "needs-missing": "refers to disks that are gone",
    }[standing]
