"""Make an empty template where there are no images: the lab. Production's templates come from the image playbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_specs import new_disk, scsi_controller
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import truth

FOLDER = "templates"
_CONTROLLER_KEY = -1


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
    with world.lock_for(f"folder:{FOLDER}"):
        try:
            return world.managed(vim.Folder, "folder", FOLDER)
        except NotPossible:
            folder = world.managed(vim.Folder, "root", "vm").CreateFolder(name=FOLDER)
            world.know("folder", FOLDER, str(folder._moId), {})
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
    """The first cluster, by name, one of whose hosts has a datastore, and the first of its datastores."""
    cluster_of = {host: str(values.get("cluster")) for host, values in world.items("host").items()}
    places = [
        (cluster_of[host], datastore)
        for datastore, values in world.items("datastore").items()
        for host in values.get("hosts", [])
        if host in cluster_of
    ]
    if not places:
        raise NotPossible("skipped: no host has a datastore on which the template could stand")
    return min(places)
