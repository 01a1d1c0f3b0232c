"""Which copies on site still have to be copied to the off-site pool. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, Standing
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import pool_for
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import Retained
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, backup_of, goes_offsite


@dataclass(frozen=True, slots=True)
class DueCopy:
    """A copy on site that counts and is kept, whose restore point has no copy off site; `pool` is where it goes."""

    original: Copy
    pool: str


def due_copies(
    estate: Estate,
    copies: Sequence[Copy],
    standing: Mapping[int, Standing],
    kept: Sequence[Retained],
    machines: Collection[str] | None = None,
) -> list[DueCopy]:
    """The copies to make, oldest first, so that what a copy refers to is there before it.

    `machines`: keys that a limit left (None: all). Only machines whose class is couriered; what retention no longer
    keeps on site is not copied either. A copy off site that failed or cannot be read any more is made again.
    """
    covered = {copy.restore_point for copy in copies if copy.offsite and standing.get(copy.id) in {"good", "awaiting"}}
    described = {machine.key: system for system, machine in estate.machines() if backup_of(system, machine).offsite}
    described |= {
        source.key: system
        for system in estate.systems
        for source in estate.platform.file_sources
        if source.system == system.id and goes_offsite(estate, source)
    }
    found: dict[int, DueCopy] = {}
    for each in kept:
        copy = each.copy
        system = described.get(copy.machine)
        if copy.offsite or standing.get(copy.id) != "good" or copy.restore_point in covered or system is None:
            continue
        if machines is not None and copy.machine not in machines:
            continue
        pool = pool_for(
            estate.platform.media_pools, system.segment, system.classification.confidentiality, offsite=True
        )
        found.setdefault(copy.restore_point, DueCopy(copy, pool.id))
    return sorted(found.values(), key=lambda due: (due.original.taken_at, due.original.id))
