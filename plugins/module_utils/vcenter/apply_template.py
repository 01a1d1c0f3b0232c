"""Make an empty template where there are no images: the lab. Production's templates come from the image playbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_specs import new_disk, scsi_controller
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_items import TEMPLATES

_CONTROLLER_KEY = -1
_FREE = "summary.freeSpace"


def make_template(world: World, name: str, after: Mapping[str, Any]) -> str:
    """Make a machine with an empty system disk and mark it as a template."""
    if not world.options.create_templates:
        raise NotPossible(f"template {name} is missing: run the image playbook")
    folder = _folder(world)
    machine = world.session.content.searchIndex.FindChild(entity=folder, name=name)
    if machine is None:
        reference = _create(world, folder, name, after)
        machine = vim.VirtualMachine(reference, world.session.stub)
    if not truth(machine.config.template):  # else an earlier run was ended between the two steps
        machine.MarkAsTemplate()
    return str(machine._moId)


def change_template(_world: World, name: str, _fields: Mapping[str, Any]) -> None:
    """A template is never changed in place."""
    raise NotPossible(f"template {name} is not what the images say: run the image playbook")


def _folder(world: World) -> Any:
    with world.lock_for(f"folder:{TEMPLATES}"):
        try:
            return world.managed(vim.Folder, "folder", TEMPLATES)
        except NotPossible:
            folder = world.managed(vim.Folder, "root", "vm").CreateFolder(name=TEMPLATES)
            world.know("folder", TEMPLATES, str(folder._moId), {})
            return folder


def _create(world: World, folder: Any, name: str, after: Mapping[str, Any]) -> str:
    cluster, datastore = _place(world)
    controller = scsi_controller(_CONTROLLER_KEY)
    store = world.managed(vim.Datastore, "datastore", datastore)
    disk = new_disk(_CONTROLLER_KEY, 0, int(after["disk_gb"]), datastore=datastore, store=store)
    spec = vim.vm.ConfigSpec(
        name=name,
        guestId=str(after["guest_id"]),
        numCPUs=1,
        memoryMB=1024,
        files=vim.vm.FileInfo(vmPathName=f"[{datastore}]"),
        deviceChange=[controller, disk],
    )
    pool = world.managed(vim.ResourcePool, "resource_pool", f"{cluster}/")
    return str(world.run(name, lambda: folder.CreateVM_Task(config=spec, pool=pool)))


def _place(world: World) -> tuple[str, str]:
    """A cluster and the emptiest datastore of its hosts, the first by name among equals.

    The emptiest, since machines are promised what a small datastore has below its fill limit.
    """
    cluster_of = {host: str(values.get("cluster")) for host, values in world.items("host").items()}
    places = {
        datastore: min(clusters)
        for datastore, values in world.items("datastore").items()
        if (clusters := {cluster_of[host] for host in values.get("hosts", []) if host in cluster_of})
    }
    if not places:
        raise NotPossible("skipped: no host has a datastore on which the template could stand")
    free = _free_space(world, list(places))
    datastore = min(places, key=lambda name: (-free[name], name))
    return places[datastore], datastore


def _free_space(world: World, datastores: Sequence[str]) -> dict[str, int]:
    """Free bytes by name, asked for now: most of the datastores are made in the same run."""
    stores = {world.reference("datastore", name): name for name in datastores}
    objects = [vim.Datastore(reference, world.session.stub) for reference in stores]
    found = retrieve(world.session, {vim.Datastore: (_FREE,)}, objects=objects)
    free = {stores[each.reference]: int(each.properties.get(_FREE) or 0) for each in found}
    return {name: free.get(name, 0) for name in datastores}
