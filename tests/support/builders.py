"""Small estates, desired and observed states for tests of the pure core: real values, each changed by keyword."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import (
    AccessRole,
    Attribute,
    BackupClass,
    Cluster,
    Datastore,
    EstateInfo,
    Flavour,
    Freeze,
    Host,
    Image,
    Network,
    Platform,
    ResourcePool,
    Segment,
    SupportEnd,
    Switch,
    TagCategory,
    Tier,
    VCenter,
    Wave,
    Window,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    Backup,
    Classification,
    Disk,
    Machine,
    Nic,
    Patching,
    Recovery,
    ServiceHours,
    System,
    Text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredDisk,
    DesiredMachine,
    DesiredNic,
    DesiredVCenter,
    Item,
    ObservedDisk,
    ObservedMachine,
    ObservedNic,
    ObservedVCenter,
)

VCENTER = "vc-kyotsu"
OTHER_VCENTER = "vc-mynumber"
UUID = "00000000-0000-5000-8000-00000000000{}"
_TEXT = Text(ja="例", en="example")
_NO_SUPPORT_END = SupportEnd(regular=None, lts=None, extended=None, counts="regular", source="", checked_on="")


# --- the estate ---------------------------------------------------------------------------------------------------


def make_estate(*systems: System, **platform: Any) -> Estate:
    """An estate on a platform of two vCenters; any list of the platform can be given by its name."""
    return Estate(systems=systems, platform=make_platform(**platform))


def make_platform(**overrides: Any) -> Platform:
    """vc-kyotsu with the clusters lgwan and spare, vc-mynumber with mynumber; two tiers in lgwan."""
    lists: dict[str, Any] = {
        field.name: () for field in dataclasses.fields(Platform) if field.default is dataclasses.MISSING
    }
    return Platform(
        **{
            **lists,
            "estate": EstateInfo(
                name="例",
                name_en="Example",
                uuid_namespace="7b0f6d5e-7f43-4b52-9c5e-5a2f7c1d8e90",
                timezone="Asia/Tokyo",
                maintenance_window="sunday-day",
                basis="assumed",
            ),
            "segments": tuple(
                Segment(id=each, name=each, name_en=each, kind="segment", basis="assumed")
                for each in ("lgwan", "mynumber")
            ),
            "vcenters": (_vcenter(VCENTER, "lgwan", "dc"), _vcenter(OTHER_VCENTER, "mynumber", "dc-mynumber")),
            "clusters": (
                _cluster("lgwan", VCENTER, "lgwan"),
                _cluster("spare", VCENTER, "lgwan"),
                _cluster("mynumber", OTHER_VCENTER, "mynumber"),
            ),
            "switches": (
                Switch(name="dvs", vcenter=VCENTER, clusters=("lgwan", "spare"), mtu=1500, uplinks=2, basis="assumed"),
                Switch(
                    name="dvs-mynumber", vcenter=OTHER_VCENTER, clusters=("mynumber",), mtu=1500, uplinks=2, basis=""
                ),
            ),
            "networks": (
                _network("lgwan-servers", VCENTER, "dvs", 210, "198.18.128.0/24"),
                _network("lgwan-backup", VCENTER, "dvs", 211, "198.18.129.0/24"),
                _network("mynumber-servers", OTHER_VCENTER, "dvs-mynumber", 310, "198.19.0.0/24"),
            ),
            "tiers": tuple(Tier(id=each, name=_TEXT, basis="assumed") for each in ("fast", "standard")),
            "datastores": (
                _datastore("lgwan-fast-01", VCENTER, "lgwan", "fast"),
                _datastore("lgwan-fast-02", VCENTER, "lgwan", "fast"),
                _datastore("lgwan-standard-01", VCENTER, "lgwan", "standard"),
                _datastore("spare-fast-01", VCENTER, "spare", "fast"),
                _datastore("mynumber-fast-01", OTHER_VCENTER, "mynumber", "fast"),
            ),
            "folders": ("hosted", "templates"),
            "tag_categories": (
                TagCategory(name="kyotsu-segment", name_ja="系統", source="segment", basis="assumed"),
                TagCategory(name="kyotsu-wave", name_ja="群", source="wave", basis="assumed"),
            ),
            "attributes": tuple(
                Attribute(name=f"kyotsu-{each}", name_ja=each, source=each, basis="assumed")
                for each in ("key", "origin", "owner")
            ),
            "access_roles": (
                AccessRole(
                    name="kyotsu-reader",
                    purpose=_TEXT,
                    privileges=("System.Read", "Datastore.Browse"),
                    basis="assumed",
                ),
            ),
            "flavours": (Flavour(id="m8", cpu=2, memory_gb=8),),
            "images": (_image("debian-12", "debian"), _image("windows-2022", "windows")),
            "backup_classes": (
                BackupClass(
                    id="tape-daily",
                    name=_TEXT,
                    medium="tape",
                    frequency_hours=24,
                    window=None,
                    copies=1,
                    vault_site=None,
                    basis="assumed",
                ),
            ),
            "waves": tuple(
                Wave(id=each, order=order, name=_TEXT, basis="assumed")
                for order, each in enumerate(("canary", "wave-1"))
            ),
            "windows": (
                make_window(id="saturday-night", recurrence="FREQ=WEEKLY;BYDAY=SA", start="21:00", hours=8),
                make_window(id="sunday-day", recurrence="FREQ=WEEKLY;BYDAY=SU", start="09:00", hours=8),
            ),
            "freezes": (
                make_freeze(id="everybody-april", start="03-25", end="04-05", everybody=True),
                make_freeze(id="payment", start="01-04", end="01-12"),
            ),
            **overrides,
        }
    )


def _vcenter(vcenter: str, segment: str, datacenter: str) -> VCenter:
    return VCenter(
        id=vcenter, name_en=vcenter, segments=(segment,), site="data-centre", datacenter=datacenter, basis="assumed"
    )


def _cluster(name: str, vcenter: str, segment: str) -> Cluster:
    return Cluster(
        name=name,
        vcenter=vcenter,
        equipment="kyotsu",
        segment=segment,
        hosts=tuple(
            Host(
                name=f"{name}-esx{number:02}",
                cpu_model="Xeon",
                cpu_sockets=2,
                cpu_cores=16,
                cpu_threads=32,
                cpu_mhz=2600,
                memory_gb=256,
                serial=f"{name}-{number}",
            )
            for number in (1, 2)
        ),
        resource_pools=tuple(
            ResourcePool(name=each, cpu_shares="normal", memory_shares="normal") for each in ("critical", "standard")
        ),
        host_failures_tolerated=1,
        cpu_overcommit_ratio=4.0,
        memory_overcommit_ratio=1.0,
        hypervisor="esxi-8",
        basis="assumed",
    )


def _network(network: str, vcenter: str, switch: str, vlan_id: int, cidr: str) -> Network:
    return Network(
        id=network,
        purpose="servers",
        vcenter=vcenter,
        switch=switch,
        port_group=f"pg-{network}",
        vlan_id=vlan_id,
        cidr=cidr,
        gateway=cidr.replace(".0/24", ".1"),
        ranges=(),
        basis="assumed",
    )


def _datastore(name: str, vcenter: str, cluster: str, tier: str) -> Datastore:
    return Datastore(
        name=name,
        vcenter=vcenter,
        clusters=(cluster,),
        tier=tier,
        capacity_gb=1000,
        fill_limit_percent=80,
        snapshot_reserve_percent=10,
        remote_host="198.19.128.5",
        remote_path=f"/{name}",
        basis="assumed",
    )


def _image(image: str, family: str) -> Image:
    return Image(
        id=image,
        name=image,
        os_family=family,
        guest_id=f"{family}Guest",
        template=f"tpl-{image}",
        system_disk_gb=40,
        end_of_support=_NO_SUPPORT_END,
        basis="assumed",
    )


def make_window(*, hours: float, **fields: Any) -> Window:
    """A window; `hours` is its length."""
    return Window(**{"name": _TEXT, "duration_minutes": int(hours * 60), "basis": "assumed", **fields})


def make_freeze(**fields: Any) -> Freeze:
    """A freeze (id, start, end, perhaps everybody)."""
    return Freeze(**{"name": _TEXT, "basis": "assumed", **fields})


def make_system(system_id: str = "s01", *machines: Machine, **overrides: Any) -> System:
    """A hosted system of the cluster lgwan."""
    return System(
        **{
            "id": system_id,
            "kind": "hosted",
            "name": f"システム{system_id}",
            "name_en": f"System {system_id}",
            "owner": "org-1",
            "status": "in-service",
            "description": _TEXT,
            "shape_reason": _TEXT,
            "segment": "lgwan",
            "cluster": "lgwan",
            "resource_pool": "standard",
            "classification": Classification(confidentiality="2", integrity="2", availability="2", edition="R6"),
            "service": ServiceHours(days="daily", start="08:00", end="20:00"),
            "recovery": Recovery(rpo_hours=24, rto_hours=8),
            "patch": Patching(wave="canary", window="saturday-night"),
            "backup": Backup(backup_class="tape-daily", offsite=False),
            "assumed": (),
            "machines": machines,
            **overrides,
        }
    )


def make_machine(key: str = "s01-db-1", **overrides: Any) -> Machine:
    """A machine of flavour m8 with one disk and one interface."""
    return Machine(
        **{
            "key": key,
            "name": f"name-{key}",
            "role": "db",
            "image": "debian-12",
            "flavour": "m8",
            "nics": (Nic(network="lgwan-servers", address="198.18.128.11"),),
            "disks": (Disk(name="system", size_gb=40, tier="fast", mount="/"),),
            **overrides,
        }
    )


# --- desired state ------------------------------------------------------------------------------------------------


def make_desired_machine(number: int = 1, **overrides: Any) -> DesiredMachine:
    """Machine `number` of system s01 as it should be: two disks, one interface."""
    key = f"s01-db-{number}"
    fields: dict[str, Any] = {
        "key": key,
        "instance_uuid": UUID.format(number),
        "adopted": False,
        "name": f"s01-db0{number}",
        "system": "s01",
        "role": "db",
        "order": 0,
        "cluster": "lgwan",
        "resource_pool": "standard",
        "folder": "hosted/s01",
        "template": "tpl-debian-12",
        "guest_id": "debianGuest",
        "os_family": "debian",
        "cpu": 2,
        "memory_gb": 8,
        "disks": (make_desired_disk(), make_desired_disk(name="data", size_gb=100)),
        "nics": (
            DesiredNic(port_group="pg-lgwan-servers", mac=f"00:50:56:12:80:1{number}", address=f"198.18.128.1{number}"),
        ),
        "notes": "System s01: db",
        "tags": {"kyotsu-segment": "lgwan", "kyotsu-wave": "canary"},
        "attributes": {"kyotsu-key": key, "kyotsu-origin": "made", "kyotsu-owner": "org-1"},
        "power": "on",
        "status": "in-service",
        "window": "saturday-night",
        "freezes": (),
    }
    return DesiredMachine(**{**fields, **overrides})


def make_desired_disk(**overrides: Any) -> DesiredDisk:
    """A system disk of 40 GiB of tier fast, which has two datastores."""
    fields: dict[str, Any] = {
        "name": "system",
        "size_gb": 40,
        "tier": "fast",
        "datastores": ("lgwan-fast-01", "lgwan-fast-02"),
    }
    return DesiredDisk(**{**fields, **overrides})


def make_desired_vcenter(*machines: DesiredMachine, items: Sequence[Item] = (), **overrides: Any) -> DesiredVCenter:
    """vc-kyotsu with these machines and items; each fast datastore holds 1000 GiB."""
    fields: dict[str, Any] = {
        "id": VCENTER,
        "datacenter": "dc",
        "items": tuple(items),
        "machines": machines,
        "capacity_gb": {"lgwan-fast-01": 1000.0, "lgwan-fast-02": 1000.0},
        "reserve_gb": {},
    }
    return DesiredVCenter(**{**fields, **overrides})


def make_separation(*uuids: str, name: str = "lgwan/s01-db") -> Item:
    """An anti-affinity rule over machines with these instance UUIDs."""
    return Item(kind="separation", name=name, properties={"machines": sorted(uuids)})


# --- observed state -----------------------------------------------------------------------------------------------


def make_observed_machine(desired: DesiredMachine | None = None, **overrides: Any) -> ObservedMachine:
    """A machine exactly as it should be, but for what is given."""
    desired = desired or make_desired_machine()
    fields: dict[str, Any] = {
        "reference": f"vm-{desired.instance_uuid[-4:]}",
        "instance_uuid": desired.instance_uuid,
        "name": desired.name,
        "folder": desired.folder,
        "cluster": desired.cluster,
        "resource_pool": desired.resource_pool,
        "host": f"{desired.cluster}-esx01",
        "is_template": False,
        "guest_id": desired.guest_id,
        "cpu": desired.cpu,
        "memory_mb": desired.memory_gb * 1024,
        "disks": tuple(
            make_observed_disk(number, size_gb=disk.size_gb, datastore=disk.datastores[0])
            for number, disk in enumerate(desired.disks)
        ),
        "nics": tuple(
            make_observed_nic(number, port_group=nic.port_group, mac=nic.mac) for number, nic in enumerate(desired.nics)
        ),
        "notes": desired.notes,
        "tags": dict(desired.tags),
        "attributes": dict(desired.attributes),
        "power": desired.power,
        "change_version": "1",
        "snapshots": 0,
    }
    return ObservedMachine(**{**fields, **overrides})


def make_observed_disk(number: int = 0, **overrides: Any) -> ObservedDisk:
    """Disk `number` of the first controller."""
    fields: dict[str, Any] = {
        "device_key": 2000 + number,
        "unit_number": number,
        "controller_key": 1000,
        "size_gb": 40,
        "datastore": "lgwan-fast-01",
        "path": f"[{overrides.get('datastore', 'lgwan-fast-01')}] machine/disk{number}.vmdk",
    }
    return ObservedDisk(**{**fields, **overrides})


def make_observed_nic(number: int = 0, **overrides: Any) -> ObservedNic:
    """Interface `number`."""
    fields: dict[str, Any] = {
        "device_key": 4000 + number,
        "port_group": "pg-lgwan-servers",
        "mac": "00:50:56:12:80:11",
        "connected": True,
    }
    return ObservedNic(**{**fields, **overrides})


def make_observed_vcenter(*machines: ObservedMachine, items: Sequence[Item] = (), **overrides: Any) -> ObservedVCenter:
    """vc-kyotsu with these machines and items; 1000 GiB free on each fast datastore."""
    fields: dict[str, Any] = {
        "id": VCENTER,
        "instance_uuid": "11111111-0000-4000-8000-000000000000",
        "datacenter": "dc",
        "items": tuple(items),
        "machines": machines,
        "references": {},
        "free_gb": {"lgwan-fast-01": 1000.0, "lgwan-fast-02": 1000.0},
        "calls": 1,
    }
    return ObservedVCenter(**{**fields, **overrides})


# --- changes ------------------------------------------------------------------------------------------------------


def make_change(**overrides: Any) -> Change:
    """More memory for machine 1 of s01, which reboots it."""
    fields: dict[str, Any] = {
        "vcenter": VCENTER,
        "kind": "machine",
        "object": "s01-db-1",
        "label": "s01-db01",
        "action": "update",
        "field": "memory_gb",
        "before": 8.0,
        "after": 16,
        "risk": "reboot",
        "reason": "needs a power cycle",
    }
    return Change(**{**fields, **overrides})


def carried_out(desired: DesiredVCenter, observed: ObservedVCenter, changes: Iterable[Change]) -> ObservedVCenter:
    """What a vCenter shows after it did exactly what the changes say: values come from the changes alone."""
    items = {(item.kind, item.name): item for item in observed.items}
    machines = {machine.instance_uuid: machine for machine in observed.machines}
    described = {machine.key: machine for machine in desired.machines}
    for change in changes:
        if change.kind == "machine" and change.action == "create":
            made = _made(change.after)
            machines[made.instance_uuid] = made
        elif change.kind == "machine":
            machine = described[change.object]
            machines[machine.instance_uuid] = _updated(machine, machines[machine.instance_uuid], change)
        else:
            before = items.get((change.kind, change.object))
            properties = change.after if change.action == "create" else {change.field: change.after}
            items[change.kind, change.object] = Item(
                kind=change.kind, name=change.object, properties={**(before.properties if before else {}), **properties}
            )
    return dataclasses.replace(observed, items=tuple(items.values()), machines=tuple(machines.values()))


def _made(after: Mapping[str, Any]) -> ObservedMachine:
    return ObservedMachine(
        reference=f"vm-{after['instance_uuid']}",
        instance_uuid=after["instance_uuid"],
        name=after["name"],
        folder=after["folder"],
        cluster=after["cluster"],
        resource_pool=after["resource_pool"],
        host="",
        is_template=False,
        guest_id=after["guest_id"],
        cpu=after["cpu"],
        memory_mb=after["memory_gb"] * 1024,
        disks=tuple(
            make_observed_disk(number, size_gb=disk["size_gb"], datastore=disk["datastore"])
            for number, disk in enumerate(after["disks"])
        ),
        nics=tuple(
            make_observed_nic(number, port_group=nic["port_group"], mac=nic["mac"])
            for number, nic in enumerate(after["nics"])
        ),
        notes=after["notes"],
        tags=after["tags"],
        attributes=after["attributes"],
        power=after["power"],
        change_version="1",
        snapshots=0,
    )


def _updated(desired: DesiredMachine, machine: ObservedMachine, change: Change) -> ObservedMachine:
    field, _, part = change.field.partition(":")
    after: Any = change.after
    if field in ("name", "folder", "resource_pool", "cpu", "notes", "power"):
        return dataclasses.replace(machine, **{field: after})
    if field == "memory_gb":
        return dataclasses.replace(machine, memory_mb=after * 1024)
    if field in ("tag", "attribute"):
        labels: dict[str, Any] = {f"{field}s": {**getattr(machine, f"{field}s"), part: after}}
        return dataclasses.replace(machine, **labels)
    if field == "disk":
        position = [disk.name for disk in desired.disks].index(part)
        disks = list(machine.disks)
        disks[position] = dataclasses.replace(disks[position], size_gb=after)
        return dataclasses.replace(machine, disks=tuple(disks))
    if field == "disk+":
        added = make_observed_disk(after["position"], size_gb=after["size_gb"], datastore=after["datastore"])
        return dataclasses.replace(machine, disks=(*machine.disks, added))
    if field == "nic":
        nics = list(machine.nics)
        nics[int(part)] = dataclasses.replace(nics[int(part)], **after)
        return dataclasses.replace(machine, nics=tuple(nics))
    if field == "nic+":
        return dataclasses.replace(machine, nics=(*machine.nics, make_observed_nic(int(part), **after)))
    raise ValueError(f"a change of {change.field} that these tests do not know")
