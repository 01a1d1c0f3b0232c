"""A lab of its own with one vCenter, the foundation of a small platform, and machines to put on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredDisk,
    DesiredMachine,
    DesiredNic,
    Item,
    ObservedVCenter,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_items import (
    ApplyOptions,
    HostCredentials,
    apply_items,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint, Session, connect
from lab.control import Control
from lab.guests.plan import GuestPlan
from lab.laboratory import Laboratory

VCENTER = "vc-lab"
DATACENTER = "dc-test"
CLUSTERS = ("cluster-a", "cluster-b")
NAMESPACE = uuid.UUID("7f6f0a44-6d2e-4c83-9a35-6f0f7c3f9b11")
_HOST = {"cpu_cores": 32, "cpu_threads": 64, "cpu_mhz": 2600, "memory_gb": 512, "cpu_model": "Lab CPU"}


def item(kind: str, name: str, **properties: Any) -> Item:
    """An item with its properties."""
    return Item(kind=kind, name=name, properties=properties)


def hosts_of(cluster: str) -> list[str]:
    """The two hosts of a cluster."""
    return [f"{cluster}-esx01", f"{cluster}-esx02"]


def datastores_of(cluster: str) -> list[str]:
    """The two datastores of a cluster."""
    return [f"{cluster}-fast-01", f"{cluster}-standard-01"]


def foundation() -> tuple[Item, ...]:
    """Every kind of item but machine and separation, in the order in which they can be made."""
    hosts = sorted(host for cluster in CLUSTERS for host in hosts_of(cluster))
    items = [item("datacenter", DATACENTER)]
    items += [item("folder", path) for path in ("internet", "internet/s01", "internet/s02", "templates")]
    for cluster in CLUSTERS:
        items.append(item("cluster", cluster, ha=True, drs=True, host_failures_tolerated=1))
        items += [item("host", host, cluster=cluster) for host in hosts_of(cluster)]
    items.append(item("switch", "dvs-lab", mtu=9000, uplinks=2, hosts=hosts))
    items += [item("port_group", name, switch="dvs-lab", vlan_id=vlan) for name, vlan in (("pg-a", 110), ("pg-b", 111))]
    for cluster in CLUSTERS:
        items += [
            item("datastore", name, remote_host="nas01", remote_path=f"/export/{name}", hosts=hosts_of(cluster))
            for name in datastores_of(cluster)
        ]
        items.append(item("resource_pool", f"{cluster}/critical", cpu_shares="high", memory_shares="high"))
        items.append(item("resource_pool", f"{cluster}/standard", cpu_shares="normal", memory_shares="low"))
    items += [item("tag_category", name, cardinality="SINGLE") for name in ("kyotsu-segment", "kyotsu-wave")]
    items += [item("tag", name) for name in ("kyotsu-segment/internet", "kyotsu-wave/wave-1", "kyotsu-wave/wave-2")]
    items += [item("attribute", f"kyotsu-{name}") for name in ("key", "origin", "owner", "system")]
    items.append(item("access_role", "kyotsu-reader", privileges=["VirtualMachine.Interact.ConsoleInteract"]))
    items.append(item("template", "tpl-debian-12", guest_id="debian12_64Guest", disk_gb=20))
    return tuple(items)


def creation(kind: str, name: str, after: Mapping[str, Any], label: str = "") -> Change:
    """The change that makes an object."""
    return Change(
        vcenter=VCENTER,
        kind=kind,
        object=name,
        label=label or name,
        action="create",
        field="",
        before=None,
        after=dict(after),
        risk="none",
        reason="it is described and does not exist",
    )


def update(kind: str, name: str, field: str, before: Any, after: Any, risk: str = "none") -> Change:
    """The change of one field."""
    return Change(
        vcenter=VCENTER,
        kind=kind,
        object=name,
        label=name,
        action="update",
        field=field,
        before=before,
        after=after,
        risk=risk,
        reason="it is described otherwise",
    )


def creations(items: Sequence[Item]) -> list[Change]:
    """The changes that make all these items."""
    return [creation(item.kind, item.name, item.properties) for item in items]


def desired_machine(key: str, *, order: int = 0, system: str = "s01", **fields: Any) -> DesiredMachine:
    """A machine with two disks and one interface; any field can be given."""
    values: dict[str, Any] = {
        "key": key,
        "instance_uuid": str(uuid.uuid5(NAMESPACE, key)),
        "adopted": False,
        "name": key,
        "system": system,
        "role": "db",
        "order": order,
        "cluster": CLUSTERS[0],
        "resource_pool": "standard",
        "folder": f"internet/{system}",
        "template": "tpl-debian-12",
        "guest_id": "debian12_64Guest",
        "os_family": "debian",
        "cpu": 2,
        "memory_gb": 4,
        "disks": (
            DesiredDisk(name="system", size_gb=30, tier="fast", datastores=(f"{CLUSTERS[0]}-fast-01",)),
            DesiredDisk(name="data", size_gb=50, tier="standard", datastores=(f"{CLUSTERS[0]}-standard-01",)),
        ),
        "nics": (DesiredNic(port_group="pg-a", mac=mac_of(key), address="198.18.0.50"),),
        "notes": f"{key} of the test",
        "tags": {"kyotsu-segment": "internet", "kyotsu-wave": "wave-1"},
        "attributes": {"kyotsu-key": key, "kyotsu-origin": "made", "kyotsu-owner": "org-303", "kyotsu-system": system},
        "power": "on",
        "status": "in-service",
        "window": "weeknight",
        "freezes": (),
    }
    return DesiredMachine(**{**values, **fields})


def mac_of(key: str) -> str:
    """A MAC address that follows from the key."""
    digest = uuid.uuid5(NAMESPACE, f"mac {key}").bytes
    return f"00:50:56:{digest[0] & 0x3F:02x}:{digest[1]:02x}:{digest[2]:02x}"


def machine_creation(desired: DesiredMachine) -> Change:
    """The change that makes a machine, as the comparison writes it."""
    after = {
        "name": desired.name,
        "instance_uuid": desired.instance_uuid,
        "folder": desired.folder,
        "cluster": desired.cluster,
        "resource_pool": desired.resource_pool,
        "template": desired.template,
        "guest_id": desired.guest_id,
        "cpu": desired.cpu,
        "memory_gb": desired.memory_gb,
        "disks": [{"name": d.name, "size_gb": d.size_gb, "datastore": d.datastores[0]} for d in desired.disks],
        "nics": [{"port_group": nic.port_group, "mac": nic.mac} for nic in desired.nics],
        "notes": desired.notes,
        "tags": dict(desired.tags),
        "attributes": dict(desired.attributes),
        "power": desired.power,
        **({"first_boot": asdict(desired.first_boot)} if desired.first_boot else {}),
    }
    return creation("machine", desired.key, after, desired.name)


@dataclass(frozen=True)
class VCenterLab:
    """A running lab with one vCenter."""

    laboratory: Laboratory

    def endpoint(self, **fields: Any) -> Endpoint:
        """Where it answers; any field can be given."""
        entry = self.laboratory.state()["vcenters"][VCENTER]
        values: dict[str, Any] = {
            "id": VCENTER,
            "hostname": entry["hostname"],
            "port": entry["port"],
            "username": "automation@lab.local",
            "password": self.laboratory.password_file(VCENTER).read_text(encoding="utf-8").strip(),
            "ca_file": self.laboratory.state()["ca_file"],
        }
        return Endpoint(**{**values, **fields})

    @property
    def control(self) -> Control:
        """Counters, delays and faults."""
        return self.laboratory.process(VCENTER).control

    @property
    def options(self) -> ApplyOptions:
        """How to apply items to it."""
        return ApplyOptions(
            host_credentials=HostCredentials("root", "any"),
            nfs_root=str(self.laboratory.paths.datastore(VCENTER, "x").parent),
            create_templates=True,
        )

    def apply(self, session: Session, changes: Sequence[Change]) -> list[Result]:
        """Read, then apply changes of items."""
        observed = self.read(session)
        return apply_items(
            session, observed, changes, datacenter=DATACENTER, options=self.options, progress=lambda _result: None
        )

    def read(self, session: Session, cache: Path | None = None) -> ObservedVCenter:
        """What the vCenter holds."""
        return read_vcenter(session, DATACENTER, cache_directory=cache)


def world_of(name: str) -> dict[str, Any]:
    """The hardware of the lab of a name."""
    world = {
        "instance_uuid": str(uuid.uuid5(NAMESPACE, name)),
        "hosts": {host: _HOST for cluster in CLUSTERS for host in hosts_of(cluster)},
        "datastores": {store: {"capacity_gb": 20000} for cluster in CLUSTERS for store in datastores_of(cluster)},
    }
    return {"vcenters": {VCENTER: world}}


@contextmanager
def vcenter_lab(folder: Path, name: str, guests: GuestPlan | None = None) -> Iterator[VCenterLab]:
    """Bring up an empty vCenter and take it down afterwards."""
    laboratory = Laboratory(name, folder)
    try:
        laboratory.up(world_of(name), say=lambda _text: None, guests=guests)
        yield VCenterLab(laboratory)
    finally:
        laboratory.down(say=lambda _text: None)


@contextmanager
def session_of(lab: VCenterLab) -> Iterator[Session]:
    """A session with the lab's vCenter."""
    with connect(lab.endpoint()) as session:
        yield session
