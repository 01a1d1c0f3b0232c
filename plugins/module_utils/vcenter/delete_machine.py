"""Delete one machine with its disks, looked at once more in the very moment, and see that nothing of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require

_UUID, _NAME, _POWER = "config.instanceUuid", "name", "runtime.powerState"
_TEMPLATE, _CHANGE = "config.template", "config.changeVersion"
_SEARCH_SECONDS = 60.0
_MOST_EVENTS = 1000
# What a search says of a folder that went with the machine.
_NOT_THERE = frozenset({"FileNotFound", "NotFound"})
_GONE = frozenset({"ManagedObjectNotFound"})


def newest_power_on(session: Session, reference: str) -> int:
    """Key of the last event that says that a machine was switched on; 0 if vCenter remembers none."""
    event = vim.event
    entity = event.EventFilterSpec.ByEntity(
        entity=vim.VirtualMachine(reference, session.stub), recursion=event.EventFilterSpec.RecursionOption.self
    )
    wanted = event.EventFilterSpec(entity=entity, eventTypeId=["VmPoweredOnEvent"], maxCount=_MOST_EVENTS)
    found = session.content.eventManager.QueryEvents(filter=wanted) or ()
    return max((int(each.key) for each in found if isinstance(each, event.VmPoweredOnEvent)), default=0)


def change_version(session: Session, reference: str) -> str:
    """vCenter's own mark of the machine's configuration; another one after every reconfiguration."""
    return str(_look(session, reference).get(_CHANGE, ""))


def delete_machine(world: World, reference: str, instance_uuid: str, name: str) -> None:
    """Delete the machine, if it is still the one that is meant and switched off.

    Raises NotPossible (it is another one, it runs, it is a template) or Fault.
    """
    facts = _look(world.session, reference)
    if str(facts.get(_UUID, "")).lower() != instance_uuid.lower() or facts.get(_NAME) != name:
        raise NotPossible(f"{reference} is {facts.get(_NAME)} now and not {name}: nothing was deleted")
    if facts.get(_POWER) != "poweredOff" or facts.get(_TEMPLATE) is True:
        raise NotPossible(f"{name} is {facts.get(_POWER)} or a template: nothing was deleted")
    machine = vim.VirtualMachine(reference, world.session.stub)
    world.run("delete", machine.Destroy_Task, repeatable=False)


def _look(session: Session, reference: str) -> dict[str, Any]:
    paths = {vim.VirtualMachine: (_UUID, _NAME, _POWER, _TEMPLATE, _CHANGE)}
    for found in retrieve(session, paths, objects=[vim.VirtualMachine(reference, session.stub)]):
        return dict(found.properties)
    raise NotPossible("the machine has vanished from vCenter")


def remaining_disks(world: World, disks: Sequence[str]) -> list[str]:
    """Which of these disk files ("[datastore] folder/file.vmdk") still lie on their datastores."""
    return [path for path in disks if _lies_there(world, path)]


def _lies_there(world: World, path: str) -> bool:
    store, _, rest = path.removeprefix("[").partition("] ")
    folder, _, file = rest.rpartition("/")
    browser = world.managed(vim.Datastore, "datastore", store).browser
    spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=[file])
    task = browser.SearchDatastore_Task(datastorePath=f"[{store}] {folder}", searchSpec=spec)
    result = world.waiter.wait(task, _SEARCH_SECONDS)
    if result.kind in _NOT_THERE:
        return False
    require(result, f"search of {path}")
    answers = retrieve(world.session, {vim.Task: ("info.result",)}, objects=[task])
    return any(many(dig(answer.properties.get("info.result"), "file")) for answer in answers)


def remove_empty_folder(world: World, path: str) -> bool:
    """Remove a folder of machines that holds nothing any more; whether it is gone, by this run or before."""
    try:
        folder = world.managed(vim.Folder, "folder", path)
    except NotPossible:
        return True
    try:
        if folder.childEntity:
            return False
        world.run("folder", folder.Destroy_Task)
    except Fault as fault:
        if fault.kind not in _GONE:  # the request of a run that died was carried out meanwhile
            raise
    return True
