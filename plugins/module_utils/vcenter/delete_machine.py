"""Delete one machine with its disks, looked at once more in the very moment, and see that nothing of it is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_machines import device_facts
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require

_UUID, _NAME, _POWER = "config.instanceUuid", "name", "runtime.powerState"
_TEMPLATE, _CHANGE, _DEVICES = "config.template", "config.changeVersion", "config.hardware.device"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """The machine whose deletion was judged and confirmed, as it stood after its last copy.

    `change_version` and `power_on` (key of the last power-on event) are vCenter's; `disks`: paths of its disk files.
    """

    instance_uuid: str
    name: str
    change_version: str
    power_on: int
    disks: tuple[str, ...]


def delete_machine(world: World, reference: str, meant: Meant) -> None:
    """Delete the machine, if it is still the one that is meant, switched off, and as it was when it was confirmed.

    Raises NotPossible (another one, it runs, a template, it was changed or switched on meanwhile) or Fault.
    """
    machine = vim.VirtualMachine(reference, world.session.stub)

    def look_and_delete() -> Any:
        # Every attempt looks for itself: somebody may change the machine during the pause before the next one.
        facts = _look(world.session, reference)
        reason = difference(facts, meant, newest_power_on(world.session, reference))
        if reason:
            raise NotPossible(f"{reason}: nothing was deleted")
        return machine.Destroy_Task()

    world.run("delete", look_and_delete, repeatable=False)


def difference(facts: Mapping[str, Any], meant: Meant, power_on: int) -> str:
    """What keeps the machine from being deleted, by the properties that it has now; "" if nothing does."""
    name = meant.name
    if str(facts.get(_UUID, "")).lower() != meant.instance_uuid.lower() or facts.get(_NAME) != name:
        return f"the machine is {facts.get(_NAME)} now and not {name}"
    if facts.get(_POWER) != "poweredOff" or facts.get(_TEMPLATE) is True:
        return f"{name} is {facts.get(_POWER)} or a template"
    if sorted(disk["path"] for disk in device_facts(facts.get(_DEVICES))["disks"]) != sorted(meant.disks):
        return f"{name} has other disks than those that were confirmed"
    if str(facts.get(_CHANGE, "")) != meant.change_version:
        return f"{name} was reconfigured after its last copy"
    if power_on != meant.power_on:
        return f"{name} was switched on after its last copy"
    return ""


def _look(session: Session, reference: str) -> dict[str, Any]:
    paths = {vim.VirtualMachine: (_UUID, _NAME, _POWER, _TEMPLATE, _CHANGE, _DEVICES)}
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


class _NotEmpty(Exception):
    """Something is in the folder."""


def remove_empty_folder(world: World, path: str) -> bool:
    """Remove a folder of machines that holds nothing any more; whether it is gone, by this run or before.

    False: something is in it, and it stays.
    """
    try:
        folder = world.managed(vim.Folder, "folder", path)
    except NotPossible:
        return True

    def look_and_remove() -> Any:
        # Destroy_Task deletes what is in the folder from disk, so every attempt looks for itself, right before. A
        # machine that is moved in between this look and the request would still be deleted. UnregisterAndDestroy_Task
        # leaves files alone; until the lab serves it, that moment remains.
        if folder.childEntity:
            raise _NotEmpty
        return folder.Destroy_Task()

    try:
        world.run("folder", look_and_remove, repeatable=False)
    except _NotEmpty:
        return False
    except Fault as fault:
        if fault.kind not in _GONE:  # the request of a run that died was carried out meanwhile
            raise
    return True
