"""Who may go to the drives now, and why somebody waits: a pure rule, and a turnstile that keeps it between threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one machine needs: a pool to write to and the datastores that it is read from, or tapes to read back."""

    machine: str
    pool: str = ""
    datastores: frozenset[str] = frozenset()
    tapes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveLimits:
    """What library and datastores bear at once (platform/backup.yml, backup_run).

    `tapes`: how many a pool can be written to; a pool that is not named has one for every drive.
    """

    drives: int
    streams_per_drive: int
    exports_per_datastore: int
    tapes: Mapping[str, int] = field(default_factory=dict)


def why_not(claim: Claim, active: Sequence[Claim], limits: DriveLimits) -> str:
    """Why a machine may not go now; "" if it may.

    A drive holds tapes of one pool at a time, so that at most so many pools are written at once as there are drives,
    and a pool never takes the drive that another one needs. A tape is read by one at a time, in a drive of its own.
    """
    if claim.tapes:
        return _why_not_read(claim, active, limits)
    return _why_no_drive(claim, active, limits) or _why_no_export(claim, active, limits)


def _why_not_read(claim: Claim, active: Sequence[Claim], limits: DriveLimits) -> str:
    reading = [each for each in active if each.tapes]
    busy = sorted(tape for each in reading for tape in each.tapes & claim.tapes)
    if busy:
        return f"tape {', '.join(busy)} is being read for another machine"
    taken = len(reading) + len({each.pool for each in active if each.pool})
    return "every drive is taken" if taken >= limits.drives else ""


def _why_no_drive(claim: Claim, active: Sequence[Claim], limits: DriveLimits) -> str:
    writing = [each for each in active if each.pool]
    reading = len(active) - len(writing)
    others = {each.pool for each in writing} - {claim.pool}
    if len(others) + reading >= limits.drives:
        return f"every drive is taken by another pool ({', '.join(sorted(others)) or 'a tape that is being read'})"
    # The pool's share: the drives that are left when every other active pool keeps one. A drive that the pool has no
    # tape for takes its streams all the same, and they stand still there until somebody brings one.
    tapes = limits.tapes.get(claim.pool, limits.drives)
    share = min(limits.drives - reading - len(others), tapes) * limits.streams_per_drive
    own = sum(1 for each in writing if each.pool == claim.pool)
    if own >= share:
        return f"pool {claim.pool} is written by {own} machines, as many as its drives take"
    if len(writing) >= limits.drives * limits.streams_per_drive:
        return f"{len(writing)} machines are being written, as many as the drives take"
    return ""


def _why_no_export(claim: Claim, active: Sequence[Claim], limits: DriveLimits) -> str:
    exports = Counter(store for each in active for store in each.datastores)
    full = sorted(store for store in claim.datastores if exports[store] >= limits.exports_per_datastore)
    return (
        f"datastore {', '.join(full)} has {limits.exports_per_datastore} exports, as many as it bears" if full else ""
    )


class Turnstile:
    """Lets threads go when the rule allows it, and says once per reason why one waits."""

    def __init__(self, limits: DriveLimits, say: Callable[[str], None]) -> None:
        self._limits = limits
        self._say = say
        self._active: list[Claim] = []
        self._changed = threading.Condition()

    def set_tapes(self, pool: str, number: int) -> None:
        """Say how many tapes of a pool can be written to, at least one."""
        with self._changed:
            self._limits = replace(self._limits, tapes={**self._limits.tapes, pool: max(1, number)})
            self._changed.notify_all()

    @contextmanager
    def turn(self, claim: Claim) -> Iterator[None]:
        """Wait for one's turn; it ends with the block."""
        said = ""
        with self._changed:
            while reason := why_not(claim, self._active, self._limits):
                if reason != said:
                    self._say(f"{claim.machine} waits: {reason}")
                    said = reason
                self._changed.wait()
            self._active.append(claim)
        try:
            yield
        finally:
            with self._changed:
                self._active.remove(claim)
                self._changed.notify_all()
