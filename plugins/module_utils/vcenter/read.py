"""One bulk read of a vCenter: the number of calls does not depend on the number of machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import read_items, read_machines
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve, view_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_reader import read_devices
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import Inventory, name_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_paths import PATHS, VIEWED
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session


def read_vcenter(session: Session, datacenter: str, *, cache_directory: Path | None = None) -> ObservedVCenter:
    """Everything below one datacenter, with the tags, attributes and roles of this estate.

    A datacenter that does not exist gives no items of its own and no machines. Devices are read again only for machines
    whose changeVersion is not in the cache (a file per vCenter in `cache_directory`; None: read all).
    Raises VCenterError; also when two datacenters have the name.
    """
    before = session.calls
    center = find_datacenter(session, datacenter)
    inventory = _inventory(session, center)
    tags = session.tagging.read()
    machines = read_machines.machine_objects(inventory)
    devices = read_devices(session, machines, cache_directory)
    items, references = read_items.items(inventory, datacenter, tags, devices)
    return ObservedVCenter(
        id=session.endpoint.id,
        instance_uuid=session.instance_uuid,
        datacenter=datacenter,
        items=items,
        machines=read_machines.machines(inventory, tags, devices),
        references=references,
        free_gb=inventory.free_gb(),
        calls=session.calls - before,
    )


def find_datacenter(session: Session, name: str) -> Any:
    """The datacenter, wherever it lies, or None. One call where it lies at the top, as most do."""
    root = session.content.rootFolder
    found = session.content.searchIndex.FindChild(entity=root, name=name)
    if isinstance(found, vim.Datacenter):
        return found
    # vCenter keeps datacenters in folders as well, and one that is overlooked would be made a second time.
    view = view_of(session, root, [vim.Datacenter])
    try:
        centers = list(retrieve(session, {vim.Datacenter: ("name",)}, views=[view]))
    finally:
        view.DestroyView()
    same = [center.reference for center in centers if name_of(dict(center.properties)) == name]
    if len(same) > 1:
        raise VCenterError(f"{session.endpoint.where}: {len(same)} datacenters are called {name}: rename one of them")
    return vim.Datacenter(same[0], session.stub) if same else None


def _inventory(session: Session, center: Any) -> Inventory:
    managers = [session.content.customFieldsManager, session.content.authorizationManager]
    if center is None:
        return Inventory(retrieve(session, PATHS, objects=managers))
    view = view_of(session, center, VIEWED)
    try:
        return Inventory(retrieve(session, PATHS, views=[view], objects=[center, *managers]))
    finally:
        view.DestroyView()
