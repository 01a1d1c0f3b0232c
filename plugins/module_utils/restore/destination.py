"""Where a restored machine comes to, and what it is there: itself, or a copy under another name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import Manifest
from ansible_collections.kyotsu.platform.plugins.module_utils.guestinfo import HOST_KEY, guestinfo, mount_entry
from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.compare import machine_of
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine, ObservedVCenter

GIBIBYTE = 2**30
# What the attribute of a machine's origin says of a copy beside the original: decommission never takes it for ours.
RESTORED = "restored"
Purpose = Literal["restore", "scratch", "drill"]


class NoDestination(Exception):
    """The machine cannot come there; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One interface: its port group, its address (None: a new one), and whether it connects when the machine starts."""

    port_group: str
    mac: str | None
    connected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A machine to be. `instance_uuid` None: it is a copy and gets an identity of its own; `machine`: permanent key."""

    purpose: Purpose
    machine: str
    system: str
    name: str
    instance_uuid: str | None
    cluster: str
    resource_pool: str
    folder: str
    datastores: tuple[str, ...]  # one per disk
    cards: tuple[Card, ...]
    notes: str
    tags: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    power_on: bool = False

    @property
    def identity(self) -> bool:
        """Whether it becomes the machine itself, and is no copy of it."""
        return self.instance_uuid is not None


def own_place(
    manifest: Manifest,
    desired: DesiredMachine,
    observed: ObservedVCenter,
    placement: Placement,
    *,
    cluster: str | None = None,
    administrator_keys: Sequence[str] = (),
    power_on: bool = True,
) -> Destination:
    """The machine itself again, with its identity, labels and addresses. NoDestination: a datastore has no room."""
    where = cluster or desired.cluster
    return Destination(
        purpose="restore",
        machine=desired.key,
        system=desired.system,
        name=desired.name,
        instance_uuid=desired.instance_uuid,
        cluster=where,
        resource_pool=desired.resource_pool,
        folder=_folder(desired, observed),
        datastores=_datastores(manifest, desired, observed, placement, where),
        cards=tuple(
            Card(port_group=str(nic["port_group"]), mac=str(nic["mac"]), connected=bool(nic["connected"]))
            for nic in machine_of(manifest)["nics"]
        ),
        notes=desired.notes,
        tags=desired.tags,
        attributes=desired.attributes,
        options=_options(desired, administrator_keys) | _host_key(manifest),
        power_on=power_on,
    )


def beside(
    manifest: Manifest,
    desired: DesiredMachine,
    observed: ObservedVCenter,
    placement: Placement,
    *,
    name: str,
    purpose: Purpose,
    cluster: str | None = None,
    port_group: str | None = None,
    administrator_keys: Sequence[str] = (),
    power_on: bool = False,
) -> Destination:
    """A copy under another name: no key, no tags, and not connected unless a port group is named for it.

    Its guest is told what the original's is told, so that it finds itself unchanged.
    """
    where = cluster or desired.cluster
    return Destination(
        purpose=purpose,
        machine=desired.key,
        system=desired.system,
        name=name,
        instance_uuid=None,
        cluster=where,
        resource_pool=desired.resource_pool,
        folder=_folder(desired, observed),
        datastores=_datastores(manifest, desired, observed, placement, where),
        cards=tuple(
            Card(port_group=port_group or str(nic["port_group"]), mac=None, connected=port_group is not None)
            for nic in machine_of(manifest)["nics"]
        ),
        notes=f"Copy of {desired.key} ({desired.name}) of {manifest.taken_at}, restored from tape. Not in systems/.",
        attributes=_origin(desired),
        options=_options(desired, administrator_keys) | _host_key(manifest),
        power_on=power_on,
    )


def from_manifest(
    manifest: Manifest,
    *,
    cluster: str,
    resource_pool: str,
    folder: str,
    datastore: str,
    port_groups: Sequence[str] | None = None,
    mounts: Sequence[str | None] = (),
    power_on: bool = True,
) -> Destination:
    """The machine itself again where nothing but its tape is left: name, identity and addresses of the manifest.

    `port_groups`: one per interface, where they are called otherwise than they were. It gets no labels: they come with
    the next provision from the description.
    """
    then = machine_of(manifest)
    names = port_groups or [str(nic["port_group"]) for nic in then["nics"]]
    if len(names) != len(then["nics"]):
        raise NoDestination(
            f"{manifest.machine_name} has {len(then['nics'])} interfaces, {len(names)} port groups given"
        )
    return Destination(
        purpose="restore",
        machine=manifest.machine_key,
        system=manifest.system,
        name=manifest.machine_name,
        instance_uuid=manifest.instance_uuid,
        cluster=cluster,
        resource_pool=resource_pool,
        folder=folder,
        datastores=(datastore,) * len(manifest.disks),
        cards=tuple(
            Card(port_group=name, mac=str(nic["mac"]), connected=bool(nic["connected"]))
            for name, nic in zip(names, then["nics"], strict=True)
        ),
        notes=f"{manifest.machine_key} as it was on {manifest.taken_at}, restored from tape without records.",
        options=mounts_of(mounts) | _host_key(manifest),
        power_on=power_on,
    )


def _folder(desired: DesiredMachine, observed: ObservedVCenter) -> str:
    """Its own folder, or the nearest above it that is there: that of a system which has retired went with it."""
    there = {item.name for item in observed.items if item.kind == "folder"}
    names = desired.folder.split("/")
    above = ("/".join(names[:depth]) for depth in range(len(names), 0, -1))
    return next((path for path in above if path in there), desired.folder)


def _origin(desired: DesiredMachine) -> dict[str, str]:
    return {name: RESTORED for name in desired.attributes if name.endswith("-origin")}


def _options(desired: DesiredMachine, administrator_keys: Sequence[str]) -> dict[str, str]:
    """What the guest is told. It is the same machine: one that has been told this before changes nothing."""
    if desired.first_boot is None:
        return {}
    return guestinfo(asdict(desired.first_boot), desired.instance_uuid, administrator_keys)


def _host_key(manifest: Manifest) -> dict[str, str]:
    """The guest's public host key, as it has told it: whoever connects knows the machine again."""
    key = manifest.vcenter.get("host_key")
    return {HOST_KEY: str(key)} if key else {}


def mounts_of(mounts: Sequence[str | None]) -> dict[str, str]:
    """What a guest is told of its disks, for a machine of which nothing but its manifest is known."""
    return {
        key: value
        for position, mount in enumerate(mounts)
        if position and mount
        for key, value in mount_entry(position, mount).items()
    }


def _datastores(
    manifest: Manifest, desired: DesiredMachine, observed: ObservedVCenter, placement: Placement, cluster: str
) -> tuple[str, ...]:
    """One datastore per disk that the cluster reaches: where it lay if it has room; else of its tier; else any."""
    hosts = {item.name for item in observed.items if item.kind == "host" and item.properties.get("cluster") == cluster}
    if not hosts:
        raise NoDestination(f"cluster {cluster} has no host in {observed.id}")
    reached = [
        item.name
        for item in observed.items
        if item.kind == "datastore" and hosts & {str(host) for host in item.properties.get("hosts", ())}
    ]
    chosen = []
    for number, disk in enumerate(manifest.disks):
        before = str(_disk(manifest, number).get("datastore", ""))
        tier = desired.disks[number].datastores if number < len(desired.disks) else ()
        choices = ([before] if before in reached else [], [name for name in tier if name in reached], reached)
        size_gb = disk.capacity_bytes / GIBIBYTE
        place = next((found for names in choices if names and (found := placement.place(size_gb, names))), None)
        if place is None:
            raise NoDestination(
                f"{disk.name} of {manifest.machine_name} needs {size_gb:.0f} GiB, which no "
                f"datastore of {cluster} has free above its reserve"
            )
        chosen.append(place)
    return tuple(chosen)


def _disk(manifest: Manifest, number: int) -> Mapping[str, Any]:
    disk: Mapping[str, Any] = machine_of(manifest)["disks"][number]
    return disk
