"""The control socket: counters, delays and faults on demand."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pyVmomi import vim

from lab.errors import LabError
from tests.integration.lab_support import RunningLab, SmallPlatform, build_platform, clone, running_lab, wait


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("labs")) as running:
        yield running


@pytest.fixture(scope="module")
def platform(lab: RunningLab) -> SmallPlatform:
    return build_platform(lab)


@pytest.fixture(autouse=True)
def _as_at_the_start(lab: RunningLab) -> Iterator[None]:
    yield
    lab.control.clear_faults()
    lab.control.set_delays()


def test_health_tells_what_there_is(lab: RunningLab, platform: SmallPlatform) -> None:
    health = lab.control.health()
    assert health["vcenter"] == "vc-kyotsu"
    assert health["pid"] == lab.endpoint()["pid"]
    assert health["objects"]["HostSystem"] == len(platform.hosts)
    assert health["journal_bytes"] > 0


def test_calls_are_counted_by_method_and_by_what_they_do(lab: RunningLab, platform: SmallPlatform) -> None:
    rest = lab.rest()
    lab.control.reset_counters()
    folder = platform.datacenter.vmFolder.CreateFolder("counted")
    assert folder.name == "counted"
    rest.call("GET", "/com/vmware/cis/tagging/tag")
    rest.call("POST", "/com/vmware/cis/tagging/category", {"create_spec": {"name": "counted", "description": ""}})
    counts = lab.control.counters()
    assert counts["methods"]["CreateFolder"] == 1
    assert counts["methods"]["REST GET /rest/com/vmware/cis/tagging/tag"] == 1
    assert counts["methods"]["REST POST /rest/com/vmware/cis/tagging/category"] == 1
    assert counts["writing"] == 2
    assert counts["total"] == counts["writing"] + counts["reading"] == sum(counts["methods"].values())
    lab.control.reset_counters()
    assert lab.control.counters()["total"] == 0


def test_a_refused_write_of_the_reader_is_counted_as_writing(lab: RunningLab) -> None:
    content = lab.connect("reader").content
    lab.control.reset_counters()
    with pytest.raises(vim.fault.NoPermission):
        content.rootFolder.CreateFolder("x")
    assert lab.control.counters()["writing"] == 1


def test_delays_hold_every_call_or_one_method(lab: RunningLab, platform: SmallPlatform) -> None:
    lab.control.set_delays(all_ms=50, methods={"CreateFolder": 200})
    began = time.monotonic()
    platform.service.CurrentTime()
    middle = time.monotonic()
    platform.datacenter.vmFolder.CreateFolder("late")  # one call: the folder's reference is cached by nobody
    ended = time.monotonic()
    assert middle - began >= 0.05
    assert ended - middle >= 0.25


def test_a_delayed_task_is_seen_running_and_blocks_no_reader(lab: RunningLab, platform: SmallPlatform) -> None:
    machine = clone(platform, "slow")
    lab.control.set_delays(tasks={"ReconfigVm": 500})
    began = time.monotonic()
    task = machine.ReconfigVM_Task(vim.vm.ConfigSpec(memoryMB=4096))
    assert task.info.state == "running"
    assert machine.config.hardware.memoryMB == 2048
    assert time.monotonic() - began < 0.5
    wait(platform.service, task)
    assert time.monotonic() - began >= 0.5
    assert machine.config.hardware.memoryMB == 4096


def test_one_machines_clone_fails_as_a_task_and_the_others_do_not(lab: RunningLab, platform: SmallPlatform) -> None:
    lab.control.add_fault("CloneVM_Task", "NoDiskSpace", name_pattern="bad-*")
    with pytest.raises(vim.fault.NoDiskSpace):
        clone(platform, "bad-1")
    clone(platform, "good-1")
    clone(platform, "bad-1")  # the rule was for one call
    assert lab.control.faults()[0]["hits"] == 1


def test_a_call_can_be_refused_outright(lab: RunningLab, platform: SmallPlatform) -> None:
    machine = clone(platform, "refused")
    lab.control.add_fault("PowerOnVM_Task", "TaskInProgress", name_pattern="refused", as_="call", count=2)
    for _ in range(2):
        with pytest.raises(vim.fault.TaskInProgress):
            machine.PowerOnVM_Task(None)
    wait(platform.service, machine.PowerOnVM_Task(None))
    assert machine.runtime.powerState == "poweredOn"


@pytest.mark.parametrize("fault", ["InvalidState", "ResourceInUse", "TaskInProgress", "NoDiskSpace"])
def test_faults_arrive_as_the_type_that_was_asked_for(lab: RunningLab, platform: SmallPlatform, fault: str) -> None:
    lab.control.add_fault("CloneVM_Task", fault)
    with pytest.raises(getattr(vim.fault, fault)):
        clone(platform, f"failing-{fault.lower()}")


def test_a_fault_that_does_not_exist_is_refused(lab: RunningLab) -> None:
    with pytest.raises(LabError, match="NoSuchFault"):
        lab.control.add_fault("CloneVM_Task", "NoSuchFault")


def test_impossible_placement_is_a_fault_and_the_simulator_lives_on(platform: SmallPlatform) -> None:
    config = vim.vm.ConfigSpec(name="nowhere", files=vim.vm.FileInfo(vmPathName="[no-such-datastore]"))
    with pytest.raises(vim.fault.InvalidDatastorePath):
        platform.folder.CreateVM_Task(config, platform.pool, None)
    assert platform.service.CurrentTime()
