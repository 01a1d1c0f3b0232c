"""Readings of a small platform that a test makes up, with every field that the records keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    ClusterSample,
    DatastoreSample,
    HostSample,
    MachineSample,
    Observation,
    StorageUse,
)

VCENTER = "vc-lab"


def machine_sample(name: str, **fields: Any) -> MachineSample:
    """A running machine of system s01 with 40 GiB on the fast datastore; any field can be given."""
    values: dict[str, Any] = {
        "vcenter": VCENTER,
        "identity": f"uuid-of-{name}",
        "name": name,
        "key": f"key-of-{name}",
        "system": "s01",
        "owner": "org-301",
        "segment": "lgwan",
        "cluster": "cluster-a",
        "equipment": "kyotsu",
        "managed": True,
        "power": "on",
        "cpu_count": 2,
        "memory_gb": 8.0,
        "cpu_reserved_mhz": 0,
        "memory_reserved_gb": 0.0,
        "cpu_used_mhz": 400,
        "memory_used_gb": 3.5,
        "memory_consumed_gb": 6.25,
        "network_used_kbps": 120,
        "storage": (StorageUse(datastore="fast-01", tier="fast", allocated_gb=40.0, used_gb=12.5),),
        "snapshot_gb": 0.0,
        "guest_disk_used_gb": 11.0,
        "guest_disk_capacity_gb": 39.0,
    }
    return MachineSample(**values | fields)


def host_sample(name: str, **fields: Any) -> HostSample:
    """A connected host of 32 cores and 512 GiB."""
    values: dict[str, Any] = {
        "vcenter": VCENTER,
        "name": name,
        "cluster": "cluster-a",
        "equipment": "kyotsu",
        "cpu_cores": 32,
        "cpu_mhz": 2600,
        "memory_gb": 512.0,
        "state": "connected",
        "in_maintenance": False,
        "cpu_used_mhz": 9_000,
        "memory_used_gb": 180.5,
    }
    return HostSample(**values | fields)


def cluster_sample(name: str = "cluster-a", **fields: Any) -> ClusterSample:
    """A cluster of two such hosts that tolerates the loss of one."""
    values: dict[str, Any] = {
        "vcenter": VCENTER,
        "name": name,
        "segment": "lgwan",
        "equipment": "kyotsu",
        "ha": True,
        "host_failures_tolerated": 1,
        "admission_policy": "",
        "hosts": 2,
        "cpu_cores": 64,
        "cpu_total_mhz": 166_400,
        "memory_gb": 1024.0,
        "cpu_used_mhz": 18_000,
        "memory_used_gb": 361.0,
    }
    return ClusterSample(**values | fields)


def datastore_sample(name: str = "fast-01", **fields: Any) -> DatastoreSample:
    """A datastore of 4 TiB, a quarter full."""
    values: dict[str, Any] = {
        "vcenter": VCENTER,
        "name": name,
        "tier": "fast",
        "equipment": "kyotsu",
        "clusters": ("cluster-a",),
        "capacity_gb": 4096.0,
        "free_gb": 3072.0,
        "accessible": True,
        "uncommitted_gb": 512.25,
    }
    return DatastoreSample(**values | fields)


def observation(
    taken_at: datetime,
    machines: Sequence[MachineSample],
    *,
    missing: Mapping[str, str] | None = None,
    read: Sequence[str] = (VCENTER,),
) -> Observation:
    """A reading of these machines on two hosts, one cluster and one datastore; without `read`, of nothing at all."""
    there = VCENTER in read
    return Observation(
        taken_at=taken_at,
        machines=tuple(sorted(machines, key=lambda each: (each.vcenter, each.name, each.identity))),
        hosts=(host_sample("esx01"), host_sample("esx02")) if there else (),
        clusters=(cluster_sample(),) if there else (),
        datastores=(datastore_sample(),) if there else (),
        missing=dict(missing or {}),
        read_at=dict.fromkeys(read, taken_at),
    )
