"""Virtual disks on the datastores that no machine has: one search per datastore, all of them at the same time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import OrphanedDisk
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import GIBIBYTE, Inventory, name_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many, truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter

SEARCH_SECONDS = 300  # a datastore with thousands of folders
_FOLDER = re.compile(r"\[(?P<datastore>[^\]]*)\]\s*/?(?P<folder>.*?)/?")
# What vSphere itself keeps beside machines: improved virtual disks, the content library, its own hidden folders.
_NOT_MACHINES = ("fcd", "contentlib-", ".")
# Extents of a disk; the search gives its descriptor, whose size counts them.
_EXTENT = re.compile(r"-(flat|delta|sesparse|ctk|rdm|rdmp)\.vmdk")


def search_disks(session: Session, inventory: Inventory) -> tuple[OrphanedDisk, ...]:
    """Every virtual disk on every accessible datastore, whoever it belongs to.

    Raises VCenterError, also when a search is refused: a list that is not complete would call nothing orphaned.
    """
    browser = vim.host.DatastoreBrowser
    details = browser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=False)
    spec = browser.SearchSpec(query=[browser.VmDiskQuery()], details=details, matchPattern=["*.vmdk"])
    tasks = []
    with TaskWaiter(session) as waiter:
        searches = []
        for store in inventory.of("Datastore").values():
            if truth(store.get("summary.accessible")):
                name = name_of(store)
                task = browser(str(store["browser"]), session.stub).SearchDatastoreSubFolders_Task(f"[{name}]", spec)
                tasks.append(task)
                searches.append((name, waiter.submit(task, SEARCH_SECONDS)))
        for name, future in searches:
            require(future.result(), f"{session.endpoint.where}: search of datastore {name}")
    if not tasks:
        return ()
    answers = retrieve(session, {vim.Task: ("info.result",)}, objects=tasks)
    return tuple(
        disk for answer in answers for disk in _disks(session.endpoint.id, many(answer.properties.get("info.result")))
    )


def paths_of(devices: Iterable[Mapping[str, Any]], files: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Paths of all disks that machines have: of their devices, and of the chains below their snapshots."""
    for facts in devices:
        for disk in facts.get("disks", []):
            yield str(disk["path"])
    for layout in files:
        for file in many(layout.get("layoutEx.file")):
            yield str(file.get("name"))


def orphaned(disks: Sequence[OrphanedDisk], taken: frozenset[str]) -> tuple[OrphanedDisk, ...]:
    """Those of the disks that nobody has, in the order of vCenter and path."""
    left = [disk for disk in disks if disk.path not in taken]
    return tuple(sorted(left, key=lambda disk: (disk.vcenter, disk.path)))


def _disks(vcenter: str, results: Iterable[Mapping[str, Any]]) -> Iterator[OrphanedDisk]:
    for result in results:
        place = _FOLDER.fullmatch(str(result.get("folderPath", "")))
        if place is None or place["folder"].startswith(_NOT_MACHINES):
            continue
        for file in many(result.get("file")):
            name = str(dig(file, "path") or "")
            if _EXTENT.search(name):
                continue
            folder = f"{place['folder']}/" if place["folder"] else ""
            modified = dig(file, "modification")
            yield OrphanedDisk(
                vcenter=vcenter,
                datastore=place["datastore"],
                path=f"[{place['datastore']}] {folder}{name}",
                used_gb=int(dig(file, "fileSize") or 0) / GIBIBYTE,
                modified=datetime.fromisoformat(str(modified)) if modified else None,
            )
