"""Whose service a change interrupts, and which organisation units may agree to that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS, Change
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System


def greatest_risk(changes: Iterable[Change]) -> str:
    """The greatest risk among changes."""
    return max((change.risk for change in changes), key=RISKS.index, default="none")


def owners_of_interrupted(estate: Estate, changes: Iterable[Change]) -> Mapping[str, tuple[str, ...]]:
    """System id -> its owner and the units above it, for each system that changes of a risk stop."""
    parents = {unit.id: unit.parent for unit in estate.platform.organisations}
    interrupted: dict[str, tuple[str, ...]] = {}
    for change in changes:
        if change.risk == "none":
            continue
        for system in _systems(estate, change):
            interrupted.setdefault(system.id, tuple(_upwards(system.owner, parents)))
    return dict(sorted(interrupted.items()))


def _upwards(unit: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    seen: set[str] = set()
    current: str | None = unit
    while current is not None and current not in seen:
        seen.add(current)
        yield current
        current = parents.get(current)


def _systems(estate: Estate, change: Change) -> Iterator[System]:
    for system in estate.systems:
        if system.status != "retired" and _touches(estate, change, system):
            yield system


def _touches(estate: Estate, change: Change, system: System) -> bool:
    """Whether a change interrupts a system. What is not known to be narrower touches all of the vCenter."""
    if change.kind == "machine":
        return any(machine.key == change.object for machine in system.machines)
    cluster = estate.cluster_by_name[system.cluster]
    if cluster.vcenter != change.vcenter:
        return False
    if change.kind in ("port_group", "switch"):
        return change.object in _connections(estate, change, system)
    if change.kind in ("cluster", "resource_pool", "host", "datastore"):
        return system.cluster in _clusters(estate, change)
    return True


def _connections(estate: Estate, change: Change, system: System) -> set[str]:
    """Port groups or switches of the vCenter that a system uses."""
    used = {nic.network for machine in system.machines for nic in machine.nics}
    used |= {pool.network for pool in system.desktop_pools}
    return {
        network.port_group if change.kind == "port_group" else network.switch
        for network in estate.platform.networks
        if network.vcenter == change.vcenter and network.id in used
    }


def _clusters(estate: Estate, change: Change) -> set[str]:
    """Clusters that an object of the foundation serves."""
    if change.kind == "host":
        clusters = estate.platform.clusters
        return {cluster.name for cluster in clusters if any(host.name == change.object for host in cluster.hosts)}
    if change.kind == "datastore":
        return {name for store in estate.platform.datastores if store.name == change.object for name in store.clusters}
    return {change.object.split("/")[0]}
