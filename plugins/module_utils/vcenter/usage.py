"""One bulk read of size and use of every vCenter: the number of calls does not depend on the number of machines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    ClusterSample,
    DatastoreSample,
    HostSample,
    MachineSample,
    Observation,
    OrphanedDisk,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.ownership import Ownerships
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import read_machines, usage_foundation
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve, view_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_reader import read_anew, read_devices
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import (
    Fault,
    PermissionRefused,
    VCenterError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import Inventory
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.orphaned_disks import (
    orphaned,
    paths_of,
    search_disks,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject, truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import find_datacenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint, Session, connect
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage_machines import MachineFacts, Reading
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage_network import network_kbps
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage_paths import (
    ATTRIBUTES,
    FILES,
    PATHS,
    SNAPSHOTS,
    VIEWED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VCenterUsage:
    """What one vCenter told. `calls`: requests that it took."""

    machines: tuple[MachineSample, ...]
    hosts: tuple[HostSample, ...]
    clusters: tuple[ClusterSample, ...]
    datastores: tuple[DatastoreSample, ...]
    calls: int
    # When orphaned disks are looked for: all disks of the datastores, and the paths of those that machines have.
    disks: tuple[OrphanedDisk, ...] | None = None
    paths: frozenset[str] = frozenset()


def observe(
    endpoints: Sequence[Endpoint],
    datacenters: Mapping[str, str],
    estate: Estate,
    taken_at: datetime,
    *,
    cache_directory: Path | None = None,
    orphaned_disks: bool = False,
) -> Observation:
    """Read all vCenters side by side. One that fails is named in `missing` with the reason; it raises nothing.

    `datacenters` gives the data centre's name by vCenter id, `taken_at` (aware) is what the observation is dated with.
    Disks are read again only for machines whose changeVersion is not in the cache, as in read.read_vcenter.
    `orphaned_disks`: look for disks that no machine has too, by a search of every datastore. They stay None when a
    vCenter is missing or a search is refused, since what belongs to a machine that nobody read would look orphaned.
    """
    ownerships = Ownerships(estate)

    def one(endpoint: Endpoint) -> VCenterUsage | VCenterError:
        try:
            with connect(endpoint) as session:
                center = datacenters[endpoint.id]
                return read_usage(
                    session, center, estate, ownerships, cache_directory=cache_directory, orphaned_disks=orphaned_disks
                )
        except VCenterError as error:
            return error

    with ThreadPoolExecutor(max_workers=max(1, len(endpoints))) as pool:
        answers = dict(zip((endpoint.id for endpoint in endpoints), pool.map(one, endpoints), strict=True))
    found = [answer for answer in answers.values() if isinstance(answer, VCenterUsage)]
    return Observation(
        taken_at=taken_at,
        machines=tuple(
            sorted(
                (each for one in found for each in one.machines),
                key=lambda each: (each.vcenter, each.name, each.identity),
            )
        ),
        hosts=tuple(sorted((each for one in found for each in one.hosts), key=lambda each: (each.vcenter, each.name))),
        clusters=tuple(
            sorted((each for one in found for each in one.clusters), key=lambda each: (each.vcenter, each.name))
        ),
        datastores=tuple(
            sorted((each for one in found for each in one.datastores), key=lambda each: (each.vcenter, each.name))
        ),
        missing={name: str(answer) for name, answer in answers.items() if isinstance(answer, VCenterError)},
        read_at={name: taken_at for name, answer in answers.items() if isinstance(answer, VCenterUsage)},
        orphaned_disks=_orphaned(found) if orphaned_disks and len(found) == len(endpoints) else None,
    )


def _orphaned(found: Sequence[VCenterUsage]) -> tuple[OrphanedDisk, ...] | None:
    if any(one.disks is None for one in found):
        return None
    # A datastore that two vCenters mount has the machines of both.
    taken = frozenset[str]().union(*(one.paths for one in found))
    return orphaned([disk for one in found for disk in one.disks or ()], taken)


def read_usage(
    session: Session,
    datacenter: str,
    estate: Estate,
    ownerships: Ownerships,
    *,
    cache_directory: Path | None = None,
    orphaned_disks: bool = False,
) -> VCenterUsage:
    """Size and use of everything below one datacenter; nothing where it does not exist. Raises VCenterError."""
    before = session.calls
    vcenter = session.endpoint.id
    center = find_datacenter(session, datacenter)
    inventory = _inventory(session, center)
    objects = read_machines.machine_objects(inventory)
    machines = [item for item in objects if not truth(item.properties.get("config.template"))]
    with ThreadPoolExecutor(max_workers=1) as beside:
        network = beside.submit(network_kbps, session, inventory, machines)
        facts = MachineFacts(
            attributes=_of_some(session, (ATTRIBUTES,), _undescribed(machines, ownerships)),
            # Templates too, or the cache that the other readings share would lose them each time.
            devices=read_devices(session, objects, cache_directory),
            files=_of_some(session, FILES, [each for each in machines if each.properties.get(SNAPSHOTS)]),
            network_kbps=network.result(),
        )
    reading = Reading(
        vcenter=vcenter,
        inventory=inventory,
        facts=facts,
        ownerships=ownerships,
        tiers={datastore.name: datastore.tier for datastore in estate.platform.datastores},
    )
    disks: tuple[OrphanedDisk, ...] | None = None
    paths: frozenset[str] = frozenset()
    if orphaned_disks:
        with contextlib.suppress(Fault, PermissionRefused):  # everything else that was read is right without it
            disks, paths = search_disks(session, inventory), _paths(session, inventory, reading.facts)
    return VCenterUsage(
        disks=disks,
        paths=paths,
        machines=tuple(reading.samples(machines)),
        hosts=tuple(usage_foundation.hosts(vcenter, inventory, ownerships)),
        clusters=tuple(usage_foundation.clusters(vcenter, inventory, ownerships)),
        datastores=tuple(usage_foundation.datastores(vcenter, inventory, estate)),
        calls=session.calls - before,
    )


def _inventory(session: Session, center: Any) -> Inventory:
    if center is None:
        return Inventory(())
    managers = [session.content.customFieldsManager, session.content.perfManager]
    view = view_of(session, center, VIEWED)
    try:
        return Inventory(retrieve(session, PATHS, views=[view], objects=[center, *managers]))
    finally:
        view.DestroyView()


def _paths(session: Session, inventory: Inventory, facts: MachineFacts) -> frozenset[str]:
    """Paths of the disks of all machines, vCenter's own and templates with snapshots among them."""
    everything = [
        PlainObject("VirtualMachine", reference, properties)
        for reference, properties in inventory.of("VirtualMachine").items()
    ]
    others = [each for each in everything if each.reference not in facts.devices]
    further = read_anew(session, others).values()
    chained = [each for each in everything if each.properties.get(SNAPSHOTS) and each.reference not in facts.files]
    return frozenset(
        paths_of(
            [*facts.devices.values(), *further],
            [*facts.files.values(), *_of_some(session, FILES, chained).values()],
        )
    )


def _undescribed(machines: Sequence[PlainObject], ownerships: Ownerships) -> Iterator[PlainObject]:
    for item in machines:
        if not ownerships.is_described(str(item.properties.get("config.instanceUuid", "")).lower()):
            yield item


def _of_some(
    session: Session, paths: Sequence[str], machines: Iterator[PlainObject] | Sequence[PlainObject]
) -> dict[str, Mapping[str, Any]]:
    """Further properties of some machines by id, in one call; none where there are no machines."""
    objects = [vim.VirtualMachine(machine.reference, session.stub) for machine in machines]
    if not objects:
        return {}
    return {item.reference: item.properties for item in retrieve(session, {vim.VirtualMachine: paths}, objects=objects)}
