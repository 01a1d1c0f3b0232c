"""What the snapshots of a round may grow to, against the snapshot reserve of the datastores (rule K-02). GiB, days."""

from __future__ import annotations

from collections import defaultdict

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import datastore_groups
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System
from ansible_collections.kyotsu.platform.plugins.module_utils.patch import reasons
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Reason


class SnapshotSpace:
    """Keeps, for each tier of a cluster and each day, how much of the reserve is promised."""

    def __init__(self, estate: Estate) -> None:
        """The reserve is that of all datastores of a tier which the cluster reaches."""
        self._share = estate.platform.patch_cycle.snapshot_growth_percent / 100
        self._group: dict[tuple[str, str], int] = {}
        self._reserve: list[float] = []
        self._promised: defaultdict[tuple[int, int], float] = defaultdict(float)
        for number, (tier, clusters, datastores) in enumerate(datastore_groups(estate.platform.datastores)):
            self._reserve.append(sum(each.capacity_gb * each.snapshot_reserve_percent / 100 for each in datastores))
            for cluster in clusters:
                self._group[tier, cluster] = number

    def shortage(self, system: System, machine: Machine, days: range) -> Reason | None:
        """Why the machine's snapshot does not fit on these days (ordinals of dates), or None."""
        for tier, needed in self._needs(machine).items():
            group = self._group.get((tier, system.cluster))
            if group is None:
                return reasons.snapshot_space(tier, needed, 0)
            free = self._reserve[group] - max(self._promised.get((group, day), 0.0) for day in days)
            if needed > free:
                return reasons.snapshot_space(tier, needed, free)
        return None

    def take(self, system: System, machine: Machine, days: range) -> None:
        """Promise the space; the caller has asked `shortage` before."""
        for tier, needed in self._needs(machine).items():
            for day in days:
                self._promised[self._group[tier, system.cluster], day] += needed

    def _needs(self, machine: Machine) -> dict[str, float]:
        needs: defaultdict[str, float] = defaultdict(float)
        for disk in machine.disks:
            needs[disk.tier] += disk.size_gb * self._share
        return needs
