"""Which datastore a new disk goes to: the emptiest of its tier, counting what this plan has already placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Placement:
    """Free space per datastore (GiB), reduced by each disk that is placed.

    The choice is made once, when a disk is made; afterwards any datastore of the tier is right, so that a new machine
    never moves the disks of another one.
    """

    def __init__(
        self,
        capacity_gb: Mapping[str, float],
        free_gb: Mapping[str, float],
        reserve_gb: Mapping[str, float] | None = None,
    ) -> None:
        """`free_gb` as observed; a datastore that does not exist yet counts with its described capacity.

        `reserve_gb` stays free: what lies above the fill limit, and the snapshot reserve (rule K-02).
        """
        reserve = reserve_gb or {}
        self._free = {name: free - reserve.get(name, 0.0) for name, free in {**capacity_gb, **free_gb}.items()}

    def place(self, size_gb: float, datastores: Sequence[str]) -> str | None:
        """The datastore with most space (first by name among equals), or None if the disk fits on none."""
        best = max(sorted(datastores), key=lambda name: self._free.get(name, 0.0), default=None)
        if best is None or self._free.get(best, 0.0) < size_gb:
            return None
        self._free[best] -= size_gb
        return best

    def grow(self, added_gb: float, datastore: str) -> bool:
        """Take the space by which a disk grows where it lies; False if it is not there."""
        if self._free.get(datastore, 0.0) < added_gb:
            return False
        self._free[datastore] -= added_gb
        return True
