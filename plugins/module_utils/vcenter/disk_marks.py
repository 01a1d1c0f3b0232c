"""The marks by which vCenter tells whether anything was written to a machine's disks, and its changed-block query.

The query (QueryChangedDiskAreas) needs a machine with changed-block tracking; a vCenter that has no such query is one
that gives no answer. What it answers was never seen here: the lab's simulator does not have it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import OFF, DiskMark, MachineMark
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.delete_machine import newest_power_on
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter

_DEVICES = "config.hardware.device"
_POWER, _CHANGE, _TREE = "runtime.powerState", "config.changeVersion", "snapshot.rootSnapshotList"
_POWERS = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
_SEARCH_SECONDS = 60.0
# What a disk's bytes are in, beside the small file that describes them. Where there is none (vSAN), nothing is told.
_DESCRIPTION, _BYTES = ".vmdk", "-flat.vmdk"


def read_mark(session: Session, reference: str, *, files: bool) -> MachineMark:
    """How a machine (managed object id) stands now; with `files` its datastores are asked, if it is off.

    VCenterError: it is gone, or a datastore cannot be searched.
    """
    for item in retrieve(
        session,
        {vim.VirtualMachine: (_POWER, _CHANGE, _TREE, _DEVICES)},
        objects=[vim.VirtualMachine(reference, session.stub)],
    ):
        found = item.properties
        power = _POWERS.get(str(found.get(_POWER)), "unknown")
        # Of a machine that runs these marks prove nothing, and are not asked for.
        power_on = newest_power_on(session, reference) if power == OFF else 0
        disks = _disks(session, many(found.get(_DEVICES)), files=files and power == OFF)
        return MachineMark(
            reference=reference,
            power=power,
            change_version=str(found.get(_CHANGE, "")),
            power_on=power_on,
            snapshots=_count(many(found.get(_TREE))),
            disks=tuple(replace(disk, change_id="") for disk in disks),
        )
    raise VCenterError(f"{reference} has vanished from vCenter")


def snapshot_disks(session: Session, snapshot: str, *, files: bool) -> dict[int, DiskMark]:
    """The disks of a snapshot (managed object id) by device key, with their change ids where vCenter tracks blocks.

    `files`: ask the datastores, too. Of a machine that is off nothing writes to these files, not the snapshot either.
    """
    for item in retrieve(session, {vim.vm.Snapshot: (_DEVICES,)}, objects=[vim.vm.Snapshot(snapshot, session.stub)]):
        return {disk.device_key: disk for disk in _disks(session, many(item.properties.get(_DEVICES)), files=files)}
    raise VCenterError("the snapshot is gone")


def changed_disks(session: Session, reference: str, snapshot: str, since: Mapping[int, str]) -> dict[int, bool]:
    """Whether a disk of a snapshot has changed blocks, by device key; one without an answer is missing.

    `since`: change id of the earlier copy by device key.
    """
    machine = vim.VirtualMachine(reference, session.stub)
    target = vim.vm.Snapshot(snapshot, session.stub)
    found = {}
    for key, change_id in since.items():
        try:
            areas = machine.QueryChangedDiskAreas(snapshot=target, deviceKey=key, startOffset=0, changeId=change_id)
        except Fault:
            continue  # no such query, no tracking, or it was reset since: the disk counts as unknown
        found[key] = bool(areas.changedArea)
    return found


def _disks(session: Session, devices: Sequence[Mapping[str, Any]], *, files: bool) -> list[DiskMark]:
    found = _files(session, _backings(devices)) if files else {}
    return [
        DiskMark(
            device_key=int(device["key"]),
            path=str(dig(device, "backing", "fileName") or ""),
            capacity_bytes=int(device.get("capacityInBytes") or int(device.get("capacityInKB") or 0) * 1024),
            file=found.get(str(dig(device, "backing", "fileName") or ""), ""),
            change_id=str(dig(device, "backing", "changeId") or ""),
        )
        for device in devices
        if device.get("_type") == "VirtualDisk"
    ]


def _backings(devices: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(datastore as managed object id, path) of each disk."""
    for device in devices:
        store, path = dig(device, "backing", "datastore"), dig(device, "backing", "fileName")
        if device.get("_type") == "VirtualDisk" and store and path:
            yield str(store), str(path)


def _files(session: Session, disks: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Size and last change of the file of each disk's bytes, by the disk's path; one that is not seen is missing.

    One search per folder.
    """
    folders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for store, path in disks:
        folder, _, _ = path.rpartition("/")
        folders[(store, folder)].append(path)
    found: dict[str, str] = {}
    with TaskWaiter(session) as waiter:
        for (store, folder), paths in folders.items():
            there = _search(session, waiter, store, folder, [_bytes_of(path) for path in paths])
            found |= {path: there[_bytes_of(path)] for path in paths if _bytes_of(path) in there}
    return found


def _search(session: Session, waiter: TaskWaiter, store: str, folder: str, names: Sequence[str]) -> dict[str, str]:
    browser = vim.host.DatastoreBrowser
    spec = browser.SearchSpec(
        matchPattern=list(names),
        details=browser.FileInfo.Details(fileType=False, fileSize=True, modification=True, fileOwner=False),
    )
    task = vim.Datastore(store, session.stub).browser.SearchDatastore_Task(datastorePath=folder, searchSpec=spec)
    require(waiter.wait(task, _SEARCH_SECONDS), f"search of {folder}")
    found = {}
    for answer in retrieve(session, {vim.Task: ("info.result",)}, objects=[task]):
        for file in many(dig(answer.properties.get("info.result"), "file")):
            if file.get("modification"):
                found[str(file["path"])] = f"{file.get('fileSize', 0)} {file['modification']}"
    return found


def _bytes_of(path: str) -> str:
    """Name of the file of a disk's bytes: "[store] folder/x.vmdk" has them in x-flat.vmdk."""
    return path.rpartition("/")[2].removesuffix(_DESCRIPTION) + _BYTES


def _count(trees: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 + _count(many(tree.get("childSnapshotList"))) for tree in trees)
