"""Mount NFS datastores on hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World, retrying
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve


def make_datastore(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Mount a new datastore on all its hosts."""
    hosts = list(after["hosts"])
    if not hosts:
        raise NotPossible("it has no host that could mount it: check the clusters of the datastore")
    return _mount(world, name, after, hosts)


def change_datastore(world: World, name: str, fields: Mapping[str, Any]) -> None:
    """Mount a datastore on further hosts. Unmounting and another export take a person: machines live on it."""
    if fields.keys() - {"hosts"}:
        raise NotPossible("another export under the same name is another datastore: describe a new one")
    current = world.item("datastore", name).properties
    missing = sorted(set(current["hosts"]) - set(fields["hosts"]))
    if missing:
        raise NotPossible(f"datastores are not unmounted by this command: {', '.join(missing)}; do it in vCenter")
    _mount(world, name, current, sorted(set(fields["hosts"]) - set(current["hosts"])))


def _mount(world: World, name: str, export: Mapping[str, Any], hosts: Iterable[str]) -> str:
    spec = vim.host.NasVolume.Specification(
        remoteHost=str(export["remote_host"]),
        remotePath=str(export["remote_path"]),
        localPath=_local_path(world, name),
        accessMode="readWrite",
        type="NFS",
    )
    found = [_mount_on(world, system, spec) for system in _datastore_systems(world, hosts)]
    return next((reference for reference in found if reference), "")


def _mount_on(world: World, system: Any, spec: Any) -> str:
    # The plain answer: the simulator sends an empty one for every host after the first, on which pyVmomi fails.
    answer = retrying(lambda: world.session.stub.call(system, "CreateNasDatastore", spec=spec))
    return answer if isinstance(answer, str) else ""


def _local_path(world: World, name: str) -> str:
    if world.options.nfs_root is None:
        return name
    # The simulator keeps a datastore's files in a folder of this machine and names the datastore after it.
    folder = Path(world.options.nfs_root) / name
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _datastore_systems(world: World, hosts: Iterable[str]) -> list[Any]:
    """The part of each host that mounts; one retrieval for all."""
    path = "configManager.datastoreSystem"
    objects = [world.managed(vim.HostSystem, "host", host) for host in hosts]
    found = retrieve(world.session, {vim.HostSystem: (path,)}, objects=objects)
    return [vim.host.DatastoreSystem(item.properties[path], world.session.stub) for item in found]
