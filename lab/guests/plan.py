"""Networks, flows and machines of the guests, read from the platform data."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.guests.image import STAND_IN
from lab.guests.settings import Flow, Network

CHOICES = ("none", "some", "all")
POSTGRESQL = "/var/lib/postgresql"


@dataclass(frozen=True)
class GuestPlan:
    """Where guests live, which machines get one (instance UUIDs, or None for every Linux machine), on which image."""

    networks: tuple[Network, ...]
    flows: tuple[Flow, ...]
    machines: tuple[str, ...] | None
    first_boot: str = STAND_IN


def plan(repository: Path, choice: str) -> GuestPlan | None:
    """Give the plan of a choice; None is a lab without guests."""
    if choice not in CHOICES:
        raise LabError(f"guests: {choice!r} is none of {', '.join(CHOICES)}")
    if choice == "none":
        return None
    return GuestPlan(networks(repository), flows(repository), chosen(repository, choice))


def networks(repository: Path) -> tuple[Network, ...]:
    """Give a bridge for each network of platform/networks.yml; its name carries the VLAN."""
    found: list[Network] = []
    for entry in _yaml(repository / "platform/networks.yml")["networks"]:
        prefix = ipaddress.ip_network(entry["cidr"]).prefixlen
        bridge = f"br{entry['vlan_id']}"
        if any(each.bridge == bridge for each in found):
            raise LabError(f"network {entry['id']}: VLAN {entry['vlan_id']} is there twice; run make validate")
        found.append(Network(entry["vcenter"], entry["port_group"], bridge, f"{entry['gateway']}/{prefix}"))
    return tuple(found)


def flows(repository: Path) -> tuple[Flow, ...]:
    """Give the flows of platform/flows.yml with addresses. An end outside the estate has none: nothing is opened."""
    addresses = {entry["id"]: (entry["cidr"],) for entry in _yaml(repository / "platform/networks.yml")["networks"]}
    for machine in _machines(repository):
        addresses[machine["key"]] = tuple(nic["address"] for nic in machine["nics"])
    return tuple(
        Flow(
            id=entry["id"],
            source=addresses.get(entry["source"], ()),
            destination=addresses.get(entry["destination"], ()),
            protocol=entry["protocol"],
            ports=tuple(entry["ports"]),
        )
        for entry in _yaml(repository / "platform/flows.yml")["flows"]
    )


def chosen(repository: Path, choice: str) -> tuple[str, ...] | None:
    """Give the instance UUIDs of the machines that get a guest; None is every Linux machine.

    "some" are the db and ap (or web) of a system per segment with the second half of one database pair, the databases
    of the owners whose backups go off-site, and what serves all of these: a mirror and a name server of each segment.
    """
    if choice == "all":
        return None
    namespace = uuid.UUID(_yaml(repository / "platform/estate.yml")["estate"]["uuid_namespace"])
    found = list(_some(repository))
    return tuple(
        sorted({machine.get("instance_uuid") or str(uuid.uuid5(namespace, machine["key"])) for machine in found})
    )


_SHOWN_PER_SYSTEM = 2
_SHOWN_PER_OFFSITE_SYSTEM = 1
# Both halves of a database pair are shown where the data hurts most.
_PAIR_SEGMENT = "mynumber"


def _some(repository: Path) -> Iterator[dict[str, Any]]:
    yield from _serving(repository)
    segments: set[str] = set()
    for system in _systems(repository):
        machines = [machine for machine in system["machines"] if _is_linux(machine)]
        roles = {machine["role"] for machine in machines}
        offsite = bool(system.get("backup", {}).get("offsite"))
        if system["kind"] == "hosted" and system["segment"] not in segments and len(roles) > 1:
            segments.add(system["segment"])
            yield from _one_of_each_role(machines, _SHOWN_PER_SYSTEM)
            if system["segment"] == _PAIR_SEGMENT:
                yield from [machine for machine in machines if machine.get("pair") and _has_postgresql(machine)][:2]
        elif system["kind"] == "hosted" and offsite:
            yield from _one_of_each_role(machines, _SHOWN_PER_OFFSITE_SYSTEM)


def _serving(repository: Path) -> Iterator[dict[str, Any]]:
    """The machines at the addresses of mirrors and of first name servers; network equipment has no machine."""
    servers = {
        entry["dns_servers"][0]
        for entry in _yaml(repository / "platform/networks.yml")["networks"]
        if entry.get("dns_servers")
    }
    for system in _systems(repository):
        for machine in system["machines"]:
            is_mirror = system["kind"] == "platform" and machine["role"] == "mirror"
            if is_mirror or any(nic["address"] in servers for nic in machine["nics"]):
                yield machine


def _one_of_each_role(machines: Iterable[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for machine in machines:
        found.setdefault(machine["role"], machine)
    order = [role for role in ("db", "ap", "web") if role in found] + sorted(found.keys() - {"db", "ap", "web"})
    return [found[role] for role in order[:limit]]


def _has_postgresql(machine: dict[str, Any]) -> bool:
    return any(disk.get("mount") == POSTGRESQL for disk in machine["disks"])


def _is_linux(machine: dict[str, Any]) -> bool:
    return str(machine["image"]).startswith("debian")


def _systems(repository: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((repository / "systems").glob("*.yml")):
        system = _yaml(path)
        if system["status"] in ("in-service", "retiring"):
            yield {"machines": [], **system}


def _machines(repository: Path) -> Iterator[dict[str, Any]]:
    for system in _systems(repository):
        yield from system["machines"]


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
