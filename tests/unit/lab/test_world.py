"""The lab's world follows the platform data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.errors import LabError
from lab.paths import REPOSITORY
from lab.world import build_world, instance_uuid

HOST = {"name": "esx01", "cpu_cores": 32, "cpu_threads": 64, "cpu_mhz": 2600, "memory_gb": 512, "cpu_model": "X"}


def write_platform(folder: Path, **changed: Any) -> Path:
    content = {
        "vcenters": [{"id": "vc-a"}, {"id": "vc-b"}],
        "clusters": [{"id": "c1", "vcenter": "vc-a", "hosts": [HOST]}],
        "datastores": [{"name": "ds1", "vcenter": "vc-b", "capacity_gb": 100}],
    } | changed
    platform = folder / "platform"
    platform.mkdir()
    for file, key in (("vcenters", "vcenters"), ("clusters", "clusters"), ("storage", "datastores")):
        (platform / f"{file}.yml").write_text(yaml.safe_dump({key: content[key]}), encoding="utf-8")
    return folder


def test_hosts_and_datastores_go_to_their_vcenter(tmp_path: Path) -> None:
    world = build_world(write_platform(tmp_path))["vcenters"]
    hardware = {field: value for field, value in HOST.items() if field != "name"}
    assert world["vc-a"] == {
        "instance_uuid": instance_uuid("vc-a"),
        "hosts": {"esx01": hardware},
        "datastores": {},
    }
    assert world["vc-b"]["datastores"] == {"ds1": {"capacity_gb": 100}}


def test_instance_uuid_is_always_the_same_and_differs_between_vcenters() -> None:
    assert instance_uuid("vc-a") == instance_uuid("vc-a") != instance_uuid("vc-b")


def test_vcenter_that_is_not_described_is_named(tmp_path: Path) -> None:
    folder = write_platform(tmp_path, clusters=[{"id": "c1", "vcenter": "vc-x", "hosts": [HOST]}])
    with pytest.raises(LabError, match=r"cluster c1: vCenter 'vc-x'"):
        build_world(folder)


def test_missing_file_is_named(tmp_path: Path) -> None:
    write_platform(tmp_path)
    (tmp_path / "platform" / "storage.yml").unlink()
    with pytest.raises(LabError, match=r"storage\.yml is missing"):
        build_world(tmp_path)


def test_file_without_the_list_is_named(tmp_path: Path) -> None:
    write_platform(tmp_path)
    (tmp_path / "platform" / "clusters.yml").write_text("clusters: none\n", encoding="utf-8")
    with pytest.raises(LabError, match=r"clusters\.yml: a list under 'clusters'"):
        build_world(tmp_path)


def test_repositorys_own_platform_makes_a_world_with_hosts_and_datastores() -> None:
    world = build_world(REPOSITORY)["vcenters"]
    assert {"vc-kyotsu", "vc-mynumber"} <= set(world)
    assert all(content["hosts"] and content["datastores"] for content in world.values())
