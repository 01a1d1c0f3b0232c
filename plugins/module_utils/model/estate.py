"""The estate: systems and platform together, with the look-ups that everybody needs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import (
    Cluster,
    Flavour,
    Image,
    Network,
    Platform,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    Backup,
    DesktopPool,
    Machine,
    Patching,
    System,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import FileSource

# Of a machine on its way out or at its end; only of these does a recorded deletion still say that it is gone.
LEAVING = frozenset({"retiring", "retired"})


@dataclass(frozen=True)
class Estate:
    """All systems, in the order of their ids, and the platform that they run on. Validated: every reference exists."""

    systems: tuple[System, ...]
    platform: Platform

    @cached_property
    def system_by_id(self) -> dict[str, System]:
        """System by its id."""
        return {system.id: system for system in self.systems}

    @cached_property
    def cluster_by_name(self) -> dict[str, Cluster]:
        """Cluster by its name."""
        return {cluster.name: cluster for cluster in self.platform.clusters}

    @cached_property
    def network_by_id(self) -> dict[str, Network]:
        """Network by its id."""
        return {network.id: network for network in self.platform.networks}

    @cached_property
    def flavour_by_id(self) -> dict[str, Flavour]:
        """Flavour by its id."""
        return {flavour.id: flavour for flavour in self.platform.flavours}

    @cached_property
    def image_by_id(self) -> dict[str, Image]:
        """Image by its id."""
        return {image.id: image for image in self.platform.images}

    @cached_property
    def machine_by_name(self) -> dict[str, tuple[System, Machine]]:
        """System and machine by the machine's name."""
        return {machine.name: (system, machine) for system, machine in self.machines()}

    def machines(self) -> Iterator[tuple[System, Machine]]:
        """Every machine with its system, in the order of the files."""
        for system in self.systems:
            for machine in system.machines:
                yield system, machine

    def desktop_pools(self) -> Iterator[tuple[System, DesktopPool]]:
        """Every desktop pool with its system."""
        for system in self.systems:
            for pool in system.desktop_pools:
                yield system, pool

    def instance_uuid(self, machine: Machine) -> str:
        """The instanceUuid by which vCenter knows the machine: given by adopt, else made from the permanent key."""
        if machine.instance_uuid:
            return machine.instance_uuid
        return str(uuid.uuid5(uuid.UUID(self.platform.estate.uuid_namespace), machine.key))

    def size(self, machine: Machine | DesktopPool) -> tuple[int, int]:
        """(virtual CPUs, memory in GiB) of a machine or of one desktop of a pool."""
        if machine.flavour is not None:
            flavour = self.flavour_by_id[machine.flavour]
            return flavour.cpu, flavour.memory_gb
        if machine.cpu is None or machine.memory_gb is None:
            raise ValueError(
                f"{machine.key}: neither a flavour nor both cpu and memory_gb; validate would have said so"
            )
        return machine.cpu, machine.memory_gb


def status_of(system: System, machine: Machine) -> str:
    """Status of a machine: its own, else its system's."""
    return machine.status or system.status


def patching_of(system: System, machine: Machine) -> Patching:
    """Wave, window and freezes of a machine: its own, else its system's."""
    return machine.patch or system.patch


def backup_of(system: System, machine: Machine) -> Backup:
    """Backup class of a machine: its own, else its system's."""
    return machine.backup or system.backup


def goes_offsite(estate: Estate, source: FileSource) -> bool:
    """Whether the class of a source of files has a copy that is couriered to a vault."""
    return any(each.id == source.backup_class and each.vault_site for each in estate.platform.backup_classes)


def sources_in_service(estate: Estate, system: System) -> list[FileSource]:
    """The sources of files of a system whose machine is there, or that lie beside the platform."""
    gone = {machine.name for machine in system.machines if status_of(system, machine) in {"planned", "retired"}}
    return [
        source
        for source in estate.platform.file_sources
        if source.system == system.id and (source.machine is None or source.machine not in gone)
    ]


def mac_address(address: str) -> str:
    """MAC address that an IPv4 address gives, in the range VMware reserves for addresses set by hand.

    00:50:56:00:00:00 to 00:50:56:3f:ff:ff (vSphere documentation, "VMware OUI allocation"): 22 bits, the lowest of the
    address. Addresses of one /10 never collide; the validation checks uniqueness over the estate all the same.
    """
    octets = [int(part) for part in address.split(".")]
    return f"00:50:56:{octets[1] & 0x3F:02x}:{octets[2]:02x}:{octets[3]:02x}"
