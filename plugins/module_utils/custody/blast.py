"""What is lost with tapes: which systems lose which restore points, and what remains. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, Standing


@dataclass(frozen=True, slots=True)
class PointLoss:
    """A restore point that was on the tapes. `remaining`: tapes of its other copies that are good, on which side.

    `indirect`: it was not on the tapes itself, but refers to what was.
    """

    machine: str
    system: str
    taken_at: datetime
    indirect: bool
    remaining_onsite: tuple[str, ...]
    remaining_offsite: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """Whether no good copy is left anywhere."""
        return not (self.remaining_onsite or self.remaining_offsite)


@dataclass(frozen=True, slots=True)
class SystemLoss:
    """The restore points of one system. `newest_left`: of its newest good copy on any tape that is not lost."""

    system: str
    points: tuple[PointLoss, ...]

    @property
    def lost(self) -> tuple[PointLoss, ...]:
        """Those without any good copy left."""
        return tuple(point for point in self.points if point.lost)


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """The answer for a set of tapes. `unencrypted_copies` > 0: whoever finds a tape can read it: an incident."""

    tapes: tuple[str, ...]
    copies: int
    unencrypted_copies: int
    keys: tuple[str, ...]
    systems: tuple[SystemLoss, ...]

    @property
    def points_lost(self) -> int:
        """Restore points without any good copy left."""
        return sum(len(system.lost) for system in self.systems)


def blast_radius(
    tapes: Collection[str],
    on_tapes: Iterable[Copy],
    dependents: Iterable[Copy],
    others: Iterable[Copy],
    standing: dict[int, Standing],
) -> BlastRadius:
    """The blast radius of `tapes`.

    `on_tapes`: copies with a part on one of them. `dependents`: copies elsewhere that need a restore point of those, on
    the same side. `others`: all other copies of the restore points of both. `standing`: of `others`, with `tapes` taken
    as unreadable.
    """
    hit = list(on_tapes)
    indirect = list(dependents)
    gone = {copy.id for copy in hit} | {copy.id for copy in indirect}
    left: dict[int, list[Copy]] = defaultdict(list)
    for copy in others:
        if copy.id not in gone and standing.get(copy.id) == "good":
            left[copy.restore_point].append(copy)
    by_system: dict[str, dict[int, PointLoss]] = defaultdict(dict)
    for copies, is_indirect in ((hit, False), (indirect, True)):
        for copy in copies:
            by_system[copy.system].setdefault(
                copy.restore_point,
                PointLoss(
                    machine=copy.machine,
                    system=copy.system,
                    taken_at=copy.taken_at,
                    indirect=is_indirect,
                    remaining_onsite=_tapes(left[copy.restore_point], offsite=False),
                    remaining_offsite=_tapes(left[copy.restore_point], offsite=True),
                ),
            )
    return BlastRadius(
        tapes=tuple(sorted(tapes)),
        copies=len(hit),
        unencrypted_copies=sum(1 for copy in hit if copy.key_id is None),
        keys=tuple(sorted({copy.key_id for copy in hit if copy.key_id})),
        systems=tuple(
            SystemLoss(name, tuple(sorted(points.values(), key=lambda point: (point.machine, point.taken_at))))
            for name, points in sorted(by_system.items())
        ),
    )


def _tapes(copies: list[Copy], *, offsite: bool) -> tuple[str, ...]:
    return tuple(sorted({tape for copy in copies if copy.offsite == offsite for tape in copy.tapes}))
