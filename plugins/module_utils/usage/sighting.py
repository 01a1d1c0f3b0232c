"""An observation beside the estate: which machine is which, and which vCenters say anything at all. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    HostSample,
    MachineSample,
    Observation,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount, Use, tier_sizes


@dataclass(frozen=True)
class Sighting:
    """Look-ups over one observation; empty ones where there is none."""

    observation: Observation | None
    by_identity: dict[str, MachineSample]  # of described machines, by instanceUuid in lower case
    of_pool: dict[str, list[MachineSample]]  # desktops by the key of their pool
    of_system: dict[str, list[MachineSample]]  # made here and no longer described, by system
    unmanaged: list[MachineSample]
    hosts: dict[str, list[HostSample]]  # by cluster
    machines_on: dict[str, list[MachineSample]]  # by cluster
    core_mhz: dict[str, float]  # MHz of one core, by host and by cluster (its first host)

    def knows(self, vcenter: str) -> bool:
        """Whether the observation says what this vCenter holds."""
        if self.observation is None:
            return False
        if self.observation.read_at:
            return vcenter in self.observation.read_at
        return vcenter not in self.observation.missing

    def use(self, sample: MachineSample) -> Use:
        """What one machine uses."""
        core = self.core_mhz.get(sample.host) or self.core_mhz.get(sample.cluster)
        mhz = sample.cpu_used_mhz
        return Use(
            machines_measured=int(mhz is not None),
            cpu_mhz=mhz,
            cpu_vcpu=mhz / core if mhz is not None and core else None,
            memory_gib=sample.memory_used_gb,
            storage_gib=sample.storage_used_gb,
        )


def sight(estate: Estate, observation: Observation | None) -> Sighting:
    """Sort every observed machine to what describes it."""
    described = {estate.instance_uuid(machine).lower() for _, machine in estate.machines()}
    pools = {pool.key for _, pool in estate.desktop_pools()}
    by_identity: dict[str, MachineSample] = {}
    of_pool: defaultdict[str, list[MachineSample]] = defaultdict(list)
    of_system: defaultdict[str, list[MachineSample]] = defaultdict(list)
    unmanaged: list[MachineSample] = []
    hosts: defaultdict[str, list[HostSample]] = defaultdict(list)
    machines_on: defaultdict[str, list[MachineSample]] = defaultdict(list)
    core_mhz: dict[str, float] = {
        cluster.name: cluster.hosts[0].cpu_mhz for cluster in estate.platform.clusters if cluster.hosts
    }
    for host in observation.hosts if observation else ():
        hosts[host.cluster].append(host)
        core_mhz[host.name] = host.cpu_mhz
    for sample in observation.machines if observation else ():
        machines_on[sample.cluster].append(sample)
        if sample.identity in described and sample.identity not in by_identity:
            by_identity[sample.identity] = sample
        elif sample.pool in pools and sample.pool is not None:
            of_pool[sample.pool].append(sample)
        elif sample.managed and sample.system in estate.system_by_id and sample.system is not None:
            of_system[sample.system].append(sample)
        else:
            unmanaged.append(sample)
    return Sighting(observation, by_identity, of_pool, of_system, unmanaged, hosts, machines_on, core_mhz)


def actual_amount(sample: MachineSample, *, desktop: bool = False) -> Amount:
    """What vCenter has allocated to one machine or desktop."""
    tiers: dict[str | None, float] = {}
    for part in sample.storage:
        tiers[part.tier] = tiers.get(part.tier, 0.0) + part.allocated_gb
    return Amount(
        machines=int(not desktop),
        desktops=int(desktop),
        vcpu=sample.cpu_count,
        memory_gib=sample.memory_gb,
        storage_gib_by_tier=tier_sizes(tiers),
    )


def files_gib(sample: MachineSample) -> float:
    """What the files of a machine take; where vCenter does not say, the full size of its disks."""
    return sum(part.allocated_gb if part.used_gb is None else part.used_gb for part in sample.storage)


def snapshots_gib(sample: MachineSample) -> float:
    """What of it snapshots take, as far as it is known; never more than everything."""
    return min(sample.snapshot_gb or 0.0, files_gib(sample))
