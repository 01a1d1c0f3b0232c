"""What a vCenter should hold and what it holds, in the same plain shapes, so that comparing them is a pure function.

Everything but machines is an Item: a kind, a name that is unique within the kind and vCenter, and properties that are
JSON values. Names of items, and their properties (lists are sorted):

========================  =============================  ==========================================================
kind                      name                           properties
========================  =============================  ==========================================================
datacenter                osaka-dc                       {}
folder                    hosted/s01                     {}  (path below the datacenter's root of virtual machines)
cluster                   kyotsu-lgwan                   ha: bool, drs: bool, host_failures_tolerated: int
host                      kyotsu-lgwan-esx01             cluster: str
switch                    dvs-kyotsu                     mtu: int, uplinks: int, hosts: [str]
port_group                lgwan-servers                  switch: str, vlan_id: int
datastore                 kyotsu-lgwan-fast-01           remote_host: str, remote_path: str, hosts: [str]
resource_pool             kyotsu-lgwan/critical          cpu_shares: str, memory_shares: str
tag_category              kyotsu-wave                    cardinality: "SINGLE"
tag                       kyotsu-wave/wave-1             {}
attribute                 kyotsu-key                     {}
access_role               kyotsu-reader                  privileges: [str]
template                  tpl-debian-12                  guest_id: str, disk_gb: int
separation                kyotsu-lgwan/s02-db            machines: [instanceUuid]  (anti-affinity rule of the cluster)
========================  =============================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Kinds in the order in which they can be made: each needs only what stands before it.
KINDS = (
    "datacenter",
    "folder",
    "cluster",
    "host",
    "switch",
    "port_group",
    "datastore",
    "resource_pool",
    "tag_category",
    "tag",
    "attribute",
    "access_role",
    "template",
    "machine",
    "separation",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object that is not a machine, desired or observed; see the table above."""

    kind: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDisk:
    """A disk as it should be. `size_gb` is GiB; any of `datastores` (those of the tier in the cluster) is right."""

    name: str
    size_gb: int
    tier: str
    datastores: tuple[str, ...]
    mount: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredNic:
    """A network interface as it should be."""

    port_group: str
    mac: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBootNetwork:
    """What a guest is told of one interface: `address` has a prefix length; only one interface has a gateway."""

    mac: str
    address: str
    gateway: str | None
    dns_servers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBoot:
    """What a new guest is told of itself (see guestinfo.py): name, networks, and where each disk is mounted."""

    hostname: str
    networks: tuple[FirstBootNetwork, ...]
    mounts: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredMachine:
    """A machine as it should be in vCenter, everything derived from the estate alone."""

    key: str
    instance_uuid: str
    adopted: bool
    name: str
    system: str
    role: str
    order: int  # machines of a lower order are made and started first (db before ap before web)
    cluster: str
    resource_pool: str
    folder: str
    template: str
    guest_id: str
    os_family: str
    cpu: int
    memory_gb: int  # GiB
    disks: tuple[DesiredDisk, ...]
    nics: tuple[DesiredNic, ...]
    notes: str
    tags: Mapping[str, str]  # category -> tag
    attributes: Mapping[str, str]  # attribute -> value
    power: str  # "on" | "off"
    status: str  # planned | in-service | retiring | retired
    window: str
    freezes: tuple[str, ...]
    first_boot: FirstBoot | None = None  # None: an operating system that cloud-init does not set up


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredVCenter:
    """What one vCenter should hold."""

    id: str
    datacenter: str
    items: tuple[Item, ...]
    machines: tuple[DesiredMachine, ...]
    capacity_gb: Mapping[str, float]  # GiB per datastore as described: what is free while a datastore is not there yet
    reserve_gb: Mapping[str, float]  # GiB per datastore that machines may not fill (rule K-02)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedDisk:
    """A virtual disk as vCenter tells it, in the order of controller and unit number."""

    device_key: int
    unit_number: int
    controller_key: int
    size_gb: float  # GiB
    datastore: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedNic:
    """A network interface as vCenter tells it, in the order of device keys; `port_group` is None when it has none."""

    device_key: int
    port_group: str | None
    mac: str
    connected: bool  # whether it is meant to be: while a machine is off, none is


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSnapshot:
    """A snapshot as vCenter tells it. `created` is an XML time with its offset; `depth` counts from 1 at the root."""

    name: str
    created: str
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedMachine:
    """A virtual machine as one bulk read tells it. `reference` is the managed object id."""

    reference: str
    instance_uuid: str
    name: str
    folder: str
    cluster: str
    resource_pool: str  # name of the pool; "" for the cluster's root pool
    host: str
    is_template: bool
    guest_id: str
    cpu: int
    memory_mb: int  # MiB, as vCenter counts
    disks: tuple[ObservedDisk, ...]
    nics: tuple[ObservedNic, ...]
    notes: str
    tags: Mapping[str, str]
    attributes: Mapping[str, str]
    power: str  # "on" | "off" | "suspended"
    change_version: str
    snapshots: int
    snapshot_list: tuple[ObservedSnapshot, ...] = ()  # every snapshot of the machine's tree
    cpu_hot_add: bool = False
    memory_hot_add: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedVCenter:
    """What one vCenter holds. `free_gb` (GiB free per datastore) serves to place new disks and is in no fingerprint."""

    id: str
    instance_uuid: str
    datacenter: str
    items: tuple[Item, ...]
    machines: tuple[ObservedMachine, ...]
    references: Mapping[str, str]  # "kind:name" -> managed object id (or tag/category id), for those who apply
    free_gb: Mapping[str, float]
    calls: int  # calls to vCenter that this reading took
