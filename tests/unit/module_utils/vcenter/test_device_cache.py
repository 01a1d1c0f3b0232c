"""The cache of devices: what it believes and what it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_cache import DeviceCache
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject

FACTS: dict[str, Any] = {
    "disks": [
        {
            "device_key": 2000,
            "controller_key": 1000,
            "unit_number": 0,
            "size_gb": 20,
            "datastore_id": "datastore-1",
            "path": "[a] b/c.vmdk",
        }
    ],
    "nics": [],
}


def machine(reference: str, version: str) -> PlainObject:
    return PlainObject("VirtualMachine", reference, {"config.changeVersion": version})


def stored(directory: Path, *machines: PlainObject) -> Path:
    DeviceCache(directory, "uuid-1").store(machines, {each.reference: FACTS for each in machines})
    (file,) = directory.iterdir()
    return file


def test_a_machine_of_the_same_version_is_known(tmp_path: Path) -> None:
    file = stored(tmp_path / "cache", machine("vm-1", "1"))
    assert DeviceCache(tmp_path / "cache", "uuid-1").known([machine("vm-1", "1")]) == {"vm-1": FACTS}
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_machine_of_another_version_is_not_known(tmp_path: Path) -> None:
    stored(tmp_path, machine("vm-1", "1"))
    assert DeviceCache(tmp_path, "uuid-1").known([machine("vm-1", "2"), machine("vm-2", "1")]) == {}


def test_a_machine_of_another_vcenter_is_not_known(tmp_path: Path) -> None:
    file = stored(tmp_path, machine("vm-1", "1"))
    file.rename(tmp_path / "devices-uuid-2.json")
    assert DeviceCache(tmp_path, "uuid-2").known([machine("vm-1", "1")]) == {}


def test_a_machine_that_vanished_is_dropped(tmp_path: Path) -> None:
    stored(tmp_path, machine("vm-1", "1"), machine("vm-2", "1"))
    file = stored(tmp_path, machine("vm-2", "1"))
    assert list(json.loads(file.read_text(encoding="utf-8"))["machines"]) == ["vm-2"]


def test_a_machine_without_a_version_is_never_kept(tmp_path: Path) -> None:
    stored(tmp_path, machine("vm-1", ""), machine("vm-2", "1"))
    assert DeviceCache(tmp_path, "uuid-1").known([machine("vm-1", "")]) == {}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{half",
        "[]",
        '{"format": 0, "instance_uuid": "uuid-1", "machines": {}}',
        '{"format": 1, "instance_uuid": "uuid-1", "machines": []}',
        '{"format": 1, "instance_uuid": "uuid-1", "machines": {"vm-1": 7}}',
        '{"format": 1, "instance_uuid": "uuid-1", "machines": {"vm-1": {"version": "1", "devices": {"disks": [{}]}}}}',
    ],
)
def test_a_damaged_file_counts_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "devices-uuid-1.json").write_text(content, encoding="utf-8")
    assert DeviceCache(tmp_path, "uuid-1").known([machine("vm-1", "1")]) == {}


def test_nothing_is_written_when_nothing_is_new(tmp_path: Path) -> None:
    file = stored(tmp_path, machine("vm-1", "1"))
    before = file.stat().st_ino
    stored(tmp_path, machine("vm-1", "1"))
    assert file.stat().st_ino == before


def test_without_a_directory_nothing_is_kept(tmp_path: Path) -> None:
    cache = DeviceCache(None, "uuid-1")
    cache.store([machine("vm-1", "1")], {"vm-1": FACTS})
    assert cache.known([machine("vm-1", "1")]) == {}
    assert list(tmp_path.iterdir()) == []
