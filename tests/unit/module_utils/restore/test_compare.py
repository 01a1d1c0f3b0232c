"""Whether a restored machine is the one of its manifest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.restore.compare import (
    ManifestIncomplete,
    compare_machine,
    compare_streams,
    machine_of,
)
from tests.support.manifests import make_manifest

MANIFEST = make_manifest()


def found() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(MANIFEST.vcenter))
    return values


def test_the_same_machine_has_no_difference() -> None:
    assert compare_machine(MANIFEST, found()) == []


def test_name_and_place_are_not_compared() -> None:
    elsewhere = found() | {"name": "other", "cluster": "elsewhere", "folder": "x", "power": "off"}
    assert compare_machine(MANIFEST, elsewhere) == []


@pytest.mark.parametrize(("field", "value"), [("cpu", 8), ("memory_mb", 1), ("guest_id", "windows")])
def test_another_size_or_system_is_a_difference(field: str, value: Any) -> None:
    (wrong,) = compare_machine(MANIFEST, found() | {field: value})
    assert wrong.startswith(f"{field}: {value} instead of")


def test_a_smaller_disk_and_a_missing_disk_are_differences() -> None:
    machine = found()
    machine["disks"][1]["size_gb"] = 1.0
    assert compare_machine(MANIFEST, machine) == ["disk1: 1073741824 bytes large instead of 21474836480"]
    del machine["disks"][1]
    assert compare_machine(MANIFEST, machine) == ["1 disks instead of 2"]


def test_interfaces_are_compared_with_where_they_were_meant_to_go() -> None:
    machine = found()
    assert compare_machine(MANIFEST, machine, port_groups=["drill"]) == ["interfaces: ['pg-a'] instead of ['drill']"]
    machine["nics"][0]["port_group"] = "drill"
    assert compare_machine(MANIFEST, machine, port_groups=["drill"]) == []


def test_a_manifest_without_what_a_machine_needs_says_which_field() -> None:
    vcenter = {name: value for name, value in MANIFEST.vcenter.items() if name != "nics"}
    with pytest.raises(ManifestIncomplete, match="nothing of nics"):
        machine_of(make_manifest(vcenter=vcenter))
    fewer = dict(MANIFEST.vcenter) | {"disks": MANIFEST.vcenter["disks"][:1]}
    with pytest.raises(ManifestIncomplete, match="1 disks in vcenter, 2 on tape"):
        machine_of(make_manifest(vcenter=fewer))


def test_bytes_that_are_not_those_of_the_manifest_are_named() -> None:
    first, second = MANIFEST.disks
    right = {each.name: (each.size_bytes, each.sha256) for each in (first, second)}
    assert compare_streams(MANIFEST, right) == []
    assert compare_streams(MANIFEST, right | {"disk1": (second.size_bytes, "0" * 64)}) == ["disk1: SHA-256 differs"]
