"""Disks that no machine has are found on real datastores, and what cannot be read leaves the rest of the reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import Observation
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import device_reader
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage import observe
from tests.support.estate_lab import OUTSIDE_WINDOW, EstateLab, wait_for_task

VCENTER = "vc-kyotsu"


def look(lab: EstateLab, *, orphaned_disks: bool = True) -> Observation:
    target = lab.target("reader")
    estate = load_estate(lab.repository, as_of=OUTSIDE_WINDOW.date()).estate
    return observe(target.endpoints, target.datacenters, estate, OUTSIDE_WINDOW, orphaned_disks=orphaned_disks)


def test_a_machine_taken_out_of_the_inventory_leaves_its_disks_behind(few: EstateLab) -> None:
    with few.machine(VCENTER, "s13-db01") as machine:
        wait_for_task(machine.CreateSnapshot_Task("before an update", "", False, False))
    assert look(few).orphaned_disks == (), "templates, machines and snapshots need theirs"
    with few.machine(VCENTER, "s13-db01") as machine:
        (datastore,) = machine.datastore
        name = datastore.name
        wait_for_task(machine.PowerOffVM_Task())
        machine.UnregisterVM()
    file = few.laboratory.paths.datastore(VCENTER, name) / "left.vmdk"
    file.write_bytes(b"x" * 2048)
    found = look(few).orphaned_disks
    assert found is not None
    assert {(disk.vcenter, disk.datastore) for disk in found} == {(VCENTER, name)}
    assert [disk.path for disk in found] == [f"[{name}] left.vmdk", f"[{name}] s13-db01/s13-db01.vmdk"]
    assert found[0].used_gb == 2048 / 2**30
    assert found[0].modified is not None


def test_what_vsphere_keeps_for_itself_is_no_orphan(few: EstateLab) -> None:
    with few.machine(VCENTER, "s13-db01") as machine:
        name = machine.datastore[0].name
    root: Path = few.laboratory.paths.datastore(VCENTER, name)
    for folder in ("fcd", "contentlib-1234", ".snapshot"):
        (root / folder).mkdir()
        (root / folder / "disk.vmdk").write_bytes(b"x")
    assert look(few).orphaned_disks == ()


def test_nobody_is_called_an_orphan_while_a_vcenter_is_down(few: EstateLab) -> None:
    few.kill_simulator("vc-mynumber")
    observation = look(few)
    assert set(observation.missing) == {"vc-mynumber"}
    assert observation.orphaned_disks is None


def test_a_search_that_is_refused_leaves_the_rest_of_the_reading(few: EstateLab) -> None:
    few.control(VCENTER).add_fault("SearchDatastoreSubFolders_Task", "NoPermission", as_="call")
    observation = look(few)
    assert dict(observation.missing) == {}
    assert len(observation.machines) == 4
    assert observation.orphaned_disks is None


def test_without_being_asked_nobody_searches(few: EstateLab) -> None:
    few.reset_counters()
    assert look(few, orphaned_disks=False).orphaned_disks is None
    assert not [name for name in few.methods(VCENTER) if name.startswith("Search")]


def test_what_guests_use_is_read_and_refused_counters_leave_it_uncollected(few: EstateLab) -> None:
    with few.machine(VCENTER, "s13-db01") as machine:
        reference = machine._moId
    usage = {
        "reference": reference,
        "cores": 0.5,
        "memory_consumed": 3 << 30,
        "memory_active": 1 << 30,
        "disk_read": 0,
        "disk_written": 0,
        "net_received": 300 * 1024,
        "net_sent": 100 * 1024,
    }
    few.control(VCENTER).tell_usage([usage])
    host_mhz = 2600
    told = {each.name: each for each in look(few, orphaned_disks=False).machines}["s13-db01"]
    assert told.cpu_used_mhz is not None
    assert 0 < told.cpu_used_mhz <= host_mhz
    assert (told.memory_used_gb, told.memory_consumed_gb, told.network_used_kbps) == (1.0, 3.0, 400)
    few.control(VCENTER).add_fault("QueryPerf", "NoPermission", as_="call")
    refused = {each.name: each for each in look(few, orphaned_disks=False).machines}["s13-db01"]
    assert refused.network_used_kbps is None
    assert refused.cpu_used_mhz == told.cpu_used_mhz


def test_devices_read_in_parts_are_those_of_one_call(few: EstateLab, monkeypatch: pytest.MonkeyPatch) -> None:
    few.reset_counters()
    whole = look(few, orphaned_disks=False)
    calls = few.methods(VCENTER)["RetrievePropertiesEx"]
    monkeypatch.setattr(device_reader, "_WORTH_PARTS", 1)  # a few machines, where 1,000 are worth parts
    monkeypatch.setattr(device_reader, "_PARTS", 2)
    few.reset_counters()
    parted = look(few, orphaned_disks=False)
    assert parted.machines == whole.machines
    assert any(use.allocated_gb for machine in parted.machines for use in machine.storage)
    assert few.methods(VCENTER)["RetrievePropertiesEx"] == calls + 1
