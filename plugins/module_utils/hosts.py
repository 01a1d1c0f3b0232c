"""The estate as Ansible sees it: hosts, groups and variables in JSON shapes. The inventory plugin only copies.

Machines come one host each, a pool of desktops is one host however many desktops it has: ten thousand hosts would cost
minutes before anything happens. Retired machines are not hosts: nothing reaches them any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import (
    Estate,
    backup_of,
    mac_address,
    patching_of,
    status_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import DesktopPool, Machine, System

MACHINES = "machines"  # every machine; what plan and provision run over
DESKTOP_POOLS = "desktop_pools"
# Parents of the groups of one sort, so that the graph reads as a table of contents.
PARENTS = (
    "systems",
    "owners",
    "segments",
    "roles",
    "os_families",
    "waves",
    "backup_classes",
    "statuses",
    "clusters",
    "vcenters",
    "equipment",
)


@dataclass
class Hosts:
    """What goes into the inventory. Everything in it is JSON, so that Ansible's inventory cache can keep it."""

    variables: dict[str, dict[str, Any]] = field(default_factory=dict)  # host -> its variables
    members: dict[str, list[str]] = field(default_factory=dict)  # group -> hosts directly in it
    children: dict[str, list[str]] = field(default_factory=dict)  # group -> groups directly below it

    def add(self, parent: str, group: str, host: str) -> None:
        """Put the host into the group, and the group below its parent."""
        if group not in self.members:
            self.members[group] = []
            self.children[parent].append(group)
        self.members[group].append(host)


def group_name(*parts: str) -> str:
    """A valid group name from readable parts: lower case, digits and underscores only."""
    return "_".join(word for part in parts for word in re.findall(r"[a-z0-9]+", part.lower().replace("'", "")))


def hosts_of(estate: Estate) -> Hosts:
    """Hosts of the whole estate in the order of its files, and their groups in the order of their names."""
    hosts = Hosts(members={MACHINES: [], DESKTOP_POOLS: []}, children={parent: [] for parent in PARENTS})
    builder = _Builder(estate, hosts)
    for system in estate.systems:
        for machine in system.machines:
            if status_of(system, machine) != "retired":
                builder.add_machine(system, machine)
        if system.status != "retired":
            for pool in system.desktop_pools:
                builder.add_pool(system, pool)
    for children in hosts.children.values():
        children.sort()
    return hosts


class _Builder:
    """Adds one machine or pool after the other."""

    def __init__(self, estate: Estate, hosts: Hosts) -> None:
        self._estate = estate
        self._hosts = hosts
        self._organisations = {unit.id: unit for unit in estate.platform.organisations}
        self._prefix_lengths = {network.id: network.cidr.rpartition("/")[2] for network in estate.platform.networks}

    def add_machine(self, system: System, machine: Machine) -> None:
        """One machine: its variables and all its groups."""
        estate = self._estate
        cpu, memory_gb = estate.size(machine)
        patching = patching_of(system, machine)
        backup = backup_of(system, machine)
        status = status_of(system, machine)
        image = estate.image_by_id[machine.image]
        name = machine.name
        self._hosts.variables[name] = {
            **({"ansible_host": machine.nics[0].address} if machine.nics else {}),
            **self._common(system),
            "kyotsu_key": machine.key,
            "kyotsu_instance_uuid": estate.instance_uuid(machine),
            "kyotsu_role": machine.role,
            "kyotsu_status": status,
            "kyotsu_cpu": cpu,
            "kyotsu_memory_gb": memory_gb,
            "kyotsu_disks": [
                {"name": disk.name, "size_gb": disk.size_gb, "tier": disk.tier, "mount": disk.mount}
                for disk in machine.disks
            ],
            "kyotsu_nics": [self._nic(nic.network, nic.address, nic.mac) for nic in machine.nics],
            "kyotsu_image": machine.image,
            "kyotsu_os_family": image.os_family,
            "kyotsu_wave": patching.wave,
            "kyotsu_window": patching.window,
            "kyotsu_freezes": list(patching.freezes),
            "kyotsu_backup_class": backup.backup_class,
            "kyotsu_offsite": backup.offsite,
        }
        self._hosts.members[MACHINES].append(name)
        self._add_to_groups_of_system(system, name)
        for parent, *parts in (
            ("roles", "role", machine.role),
            ("os_families", "os", image.os_family),
            ("waves", "wave", patching.wave.removeprefix("wave-")),
            ("backup_classes", "backup", backup.backup_class),
            ("statuses", "status", status),
        ):
            self._hosts.add(parent, group_name(*parts), name)
        if backup.offsite:
            self._hosts.members.setdefault("offsite", []).append(name)

    def add_pool(self, system: System, pool: DesktopPool) -> None:
        """One pool of desktops: one host, however many desktops."""
        cpu, memory_gb = self._estate.size(pool)
        image = self._estate.image_by_id[pool.image]
        self._hosts.variables[pool.name] = {
            **self._common(system),
            "kyotsu_key": pool.key,
            "kyotsu_status": system.status,
            "kyotsu_count": pool.count,
            "kyotsu_name_prefix": pool.name_prefix,
            "kyotsu_persistent": pool.persistent,
            "kyotsu_network": pool.network,
            "kyotsu_cpu": cpu,
            "kyotsu_memory_gb": memory_gb,
            "kyotsu_disks": [{"name": "system", "size_gb": pool.disk_gb, "tier": pool.tier, "mount": None}],
            "kyotsu_image": pool.image,
            "kyotsu_os_family": image.os_family,
        }
        self._hosts.members[DESKTOP_POOLS].append(pool.name)
        self._add_to_groups_of_system(system, pool.name)
        self._hosts.add("os_families", group_name("os", image.os_family), pool.name)

    def _common(self, system: System) -> dict[str, Any]:
        cluster = self._estate.cluster_by_name[system.cluster]
        return {
            "kyotsu_system": system.id,
            "kyotsu_system_name": system.name,
            "kyotsu_segment": system.segment,
            "kyotsu_owner": system.owner,
            "kyotsu_cluster": system.cluster,
            "kyotsu_vcenter": cluster.vcenter,
        }

    def _nic(self, network_id: str, address: str, mac: str | None) -> dict[str, Any]:
        network = self._estate.network_by_id[network_id]
        return {
            "network": network_id,
            "address": address,
            "prefix_length": int(self._prefix_lengths[network_id]),
            "gateway": network.gateway,
            "mac": mac or mac_address(address),
        }

    def _add_to_groups_of_system(self, system: System, name: str) -> None:
        cluster = self._estate.cluster_by_name[system.cluster]
        for parent, *parts in (
            ("systems", "system", system.id, system.slug or ""),
            ("segments", "segment", system.segment),
            ("clusters", "cluster", cluster.name),
            ("vcenters", "vcenter", cluster.vcenter),
            ("equipment", "equipment", cluster.equipment),
        ):
            self._hosts.add(parent, group_name(*parts), name)
        self._add_to_owner(system.owner, name)

    def _add_to_owner(self, owner: str, name: str) -> None:
        """The host goes into its division (室課), which is below its bureau (部局); the section is a variable only."""
        groups = [group_name("owner", unit.id, unit.name_en) for unit in self._walk_up(owner) if unit.kind != "section"]
        parents = [*groups[1:], "owners"]
        for group, parent in zip(groups, parents, strict=True):
            children = self._hosts.children.setdefault(parent, [])
            if group not in children:
                children.append(group)
            self._hosts.members.setdefault(group, [])
        if groups:
            self._hosts.members[groups[0]].append(name)

    def _walk_up(self, owner: str) -> Iterator[Organisation]:
        unit = self._organisations.get(owner)
        while unit is not None:
            yield unit
            unit = self._organisations.get(unit.parent) if unit.parent else None
