"""What layoutEx, guest.disk and the counters say, and what they leave out."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.orphaned_disks import _disks
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage_machines import (
    MachineFacts,
    _guest_disks,
    _storage,
    snapshot_gb,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage_network import _values

GIB = 1 << 30


def file(key: int, size_gb: float) -> dict[str, str]:
    return {"key": str(key), "size": str(int(size_gb * GIB))}


def chain(*units: list[int]) -> dict[str, Any]:
    return {"chain": [{"fileKey": [str(key) for key in unit]} for unit in units]}


# A base disk (1), written to after a snapshot (2), and after a second one (3); state files 10 and 11, memory 12.
FILES = [file(1, 100), file(2, 7), file(3, 5), file(10, 0.5), file(11, 0.25), file(12, 8), file(20, 1)]
FIRST = {"key": "snapshot-1", "dataKey": "10", "memoryKey": "-1", "disk": chain([1])}
SECOND = {"key": "snapshot-2", "dataKey": "11", "memoryKey": "12", "disk": [chain([1], [2])]}


@pytest.mark.parametrize(
    ("current", "snapshots", "wanted"),
    [
        (chain([1], [2]), [FIRST], 7 + 0.5),
        ([chain([1], [2], [3])], [FIRST, SECOND], 7 + 5 + 0.5 + 0.25 + 8),
        # Reverted to the base: what was written in between is needed by the second snapshot only.
        (chain([1]), [FIRST, SECOND], 7 + 0.5 + 0.25 + 8),
        (chain([1]), FIRST, 0.5),
    ],
)
def test_a_snapshot_takes_what_came_after_it(current: Any, snapshots: Any, wanted: float) -> None:
    layout = {"layoutEx.file": FILES, "layoutEx.disk": current, "layoutEx.snapshot": snapshots}
    assert snapshot_gb([{"snapshot": "snapshot-1"}], layout) == wanted


def test_the_parent_of_a_linked_clone_is_no_part_of_its_snapshots() -> None:
    """Its disk is a chain from the beginning: the template's (1) and its own (2), before any snapshot of it."""
    own = {"key": "snapshot-9", "dataKey": "10", "memoryKey": "-1", "disk": chain([1], [2])}
    layout = {"layoutEx.file": FILES, "layoutEx.disk": chain([1], [2], [3]), "layoutEx.snapshot": own}
    assert snapshot_gb([{"snapshot": "snapshot-9"}], layout) == 5 + 0.5


def test_without_a_layout_nobody_knows() -> None:
    assert snapshot_gb([{"snapshot": "snapshot-1"}], None) is None
    assert snapshot_gb([{"snapshot": "snapshot-1"}], {"layoutEx.disk": []}) is None


@pytest.mark.parametrize(
    ("disks", "wanted"),
    [
        (None, (None, None)),
        ([], (None, None)),
        ([{"diskPath": "/", "capacity": str(10 * GIB), "freeSpace": str(4 * GIB)}], (6.0, 10.0)),
        (
            [
                {"diskPath": "/", "capacity": str(10 * GIB), "freeSpace": str(4 * GIB)},
                {"diskPath": "/data", "capacity": str(30 * GIB), "freeSpace": "0"},
                {"diskPath": "/unread"},
            ],
            (36.0, 40.0),
        ),
    ],
)
def test_what_a_guest_says_of_its_file_systems(disks: Any, wanted: tuple[float | None, float | None]) -> None:
    assert _guest_disks(disks) == wanted


def stored(*uses: dict[str, str]) -> list[tuple[str, float, float | None]]:
    item = PlainObject("VirtualMachine", "vm-1", {"storage.perDatastoreUsage": list(uses)} if uses else {})
    disks = {"vm-1": {"disks": [{"datastore_id": "ds-1", "size_gb": 60}]}}
    facts = MachineFacts(attributes={}, devices=disks, files={}, network_kbps=None)
    return [(each.datastore, each.allocated_gb, each.used_gb) for each in _storage(item, facts, {"ds-1": "one"}, {})]


def use(**sizes_gb: int) -> dict[str, str]:
    return {"datastore": "ds-1"} | {name: str(size * GIB) for name, size in sizes_gb.items()}


def test_the_base_of_linked_clones_is_counted_with_none_of_them() -> None:
    """Each of them takes 3 GiB; the 40 of their base would stand in every one of them."""
    assert stored(use(committed=43, unshared=3, uncommitted=17)) == [("one", 60, 3)]


def test_a_clone_that_wrote_nothing_takes_nothing() -> None:
    assert stored(use(committed=40, unshared=0)) == [("one", 60, 0)]


def test_without_word_of_what_is_shared_everything_is_its_own() -> None:
    assert stored(use(committed=43)) == [("one", 60, 43)]


def test_without_storage_nobody_knows_what_it_takes() -> None:
    assert stored() == [("one", 60, None)]


def answer(*entities: str) -> io.BytesIO:
    body = "".join(entities)
    return io.BytesIO(f'<r xmlns="urn:vim25">{body}</r>'.encode())


def entity(name: str, *values: int) -> str:
    series = "".join(f"<value>{value}</value>" for value in values)
    return f'<returnval><entity type="VirtualMachine">{name}</entity><value><id/>{series}</value></returnval>'


def test_a_machine_that_was_not_measured_is_left_out() -> None:
    found = dict(_values(answer(entity("vm-1", 120), entity("vm-2", -1), entity("vm-3"), entity("vm-4", 3, 7))))
    assert found == {"vm-1": 120, "vm-4": 7}


@pytest.mark.parametrize(
    ("folder", "name", "path"),
    [
        ("[ds] s01/", "s01.vmdk", "[ds] s01/s01.vmdk"),  # as vCenter writes it
        ("[ds]/s01", "s01.vmdk", "[ds] s01/s01.vmdk"),  # as the simulator does
        ("[ds]", "left.vmdk", "[ds] left.vmdk"),
        ("[ds] a/b/", "c.vmdk", "[ds] a/b/c.vmdk"),
        ("[ds] s01/", "s01-flat.vmdk", None),
        ("[ds] s01/", "s01-000001-sesparse.vmdk", None),
        ("[ds] fcd/", "x.vmdk", None),
        ("[ds] contentlib-77/", "x.vmdk", None),
        ("[ds] .dvsData/", "x.vmdk", None),
    ],
)
def test_which_files_are_disks_and_where_they_lie(folder: str, name: str, path: str | None) -> None:
    result = {"folderPath": folder, "file": {"path": name, "fileSize": "1"}}
    assert [disk.path for disk in _disks("vc", [result])] == ([path] if path else [])
