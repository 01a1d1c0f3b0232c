"""The world of the lab's vCenters, read from the platform data."""

from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import yaml

from lab.errors import LabError

_HOST_FIELDS = ("cpu_cores", "cpu_threads", "cpu_mhz", "memory_gb", "cpu_model")


def build_world(repository: Path) -> dict[str, Any]:
    """Give {"vcenters": {id: {"instance_uuid", "hosts": {name: …}, "datastores": {name: {"capacity_gb"}}}}}."""
    platform = repository / "platform"
    vcenters = _entries(platform / "vcenters.yml", "vcenters")
    world: dict[str, dict[str, Any]] = {
        str(vcenter["id"]): {"instance_uuid": instance_uuid(str(vcenter["id"])), "hosts": {}, "datastores": {}}
        for vcenter in vcenters
    }
    for cluster in _entries(platform / "clusters.yml", "clusters"):
        hosts = _vcenter_of(world, cluster, "cluster")["hosts"]
        for host in cluster["hosts"]:
            hosts[str(host["name"])] = {field: host[field] for field in _HOST_FIELDS}
    for datastore in _entries(platform / "storage.yml", "datastores"):
        sizes = _vcenter_of(world, datastore, "datastore")["datastores"]
        sizes[str(datastore["name"])] = {"capacity_gb": datastore["capacity_gb"]}
    return {"vcenters": world}


def instance_uuid(vcenter: str) -> str:
    """Give the instance UUID of the lab's stand-in for a vCenter: always the same, never production's."""
    return str(uuid5(NAMESPACE_DNS, f"{vcenter}.lab.test"))


def _entries(path: Path, key: str) -> list[dict[str, Any]]:
    if not path.exists():
        raise LabError(f"{path} is missing: the lab takes its hardware from the platform data (or give --world FILE)")
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        raise LabError(f"{path}: a list under {key!r} is expected; run make validate")
    entries: list[dict[str, Any]] = content[key]
    return entries


def _vcenter_of(world: dict[str, dict[str, Any]], entry: dict[str, Any], kind: str) -> dict[str, Any]:
    vcenter = str(entry.get("vcenter"))
    if vcenter not in world:
        name = entry.get("name") or entry.get("id")
        raise LabError(f"{kind} {name}: vCenter {vcenter!r} is not in platform/vcenters.yml; run make validate")
    return world[vcenter]
