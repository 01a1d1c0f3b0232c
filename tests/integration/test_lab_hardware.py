"""Hosts, clusters and datastores of the lab are as the world file says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from tests.integration.lab_support import (
    DATASTORES,
    GIB,
    HOSTS,
    VCENTER,
    RunningLab,
    SmallPlatform,
    build_platform,
    clone,
    devices,
    disk_edit,
    new_disk,
    quiet,
    running_lab,
    tiny_world,
    wait,
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("labs")) as running:
        yield running


@pytest.fixture(scope="module")
def platform(lab: RunningLab) -> SmallPlatform:
    return build_platform(lab)


def free_gb(platform: SmallPlatform) -> int:
    free: int = platform.datastores[0].summary.freeSpace // GIB
    return free


def test_each_host_has_the_hardware_of_its_name(platform: SmallPlatform) -> None:
    for host in platform.hosts:
        data: dict[str, Any] = HOSTS[host.name]
        summary, cpu = host.summary.hardware, host.hardware.cpuInfo
        assert summary.cpuModel == data["cpu_model"]
        assert (summary.numCpuCores, summary.numCpuThreads) == (data["cpu_cores"], data["cpu_threads"])
        assert (cpu.numCpuCores, cpu.numCpuThreads) == (data["cpu_cores"], data["cpu_threads"])
        assert (summary.cpuMhz, cpu.hz) == (data["cpu_mhz"], data["cpu_mhz"] * 1_000_000)
        assert summary.memorySize == host.hardware.memorySize == data["memory_gb"] * GIB
        assert host.runtime.connectionState == "connected"


def test_cluster_and_root_pool_add_up_to_their_hosts(platform: SmallPlatform) -> None:
    summary, pool = platform.cluster.summary, platform.cluster.resourcePool
    mhz = sum(host["cpu_cores"] * host["cpu_mhz"] for host in HOSTS.values())
    memory_gb = sum(host["memory_gb"] for host in HOSTS.values())
    assert (summary.numHosts, summary.numEffectiveHosts) == (2, 2)
    assert summary.numCpuCores == sum(host["cpu_cores"] for host in HOSTS.values())
    assert summary.totalCpu == summary.effectiveCpu == mhz
    assert summary.totalMemory == memory_gb * GIB
    assert summary.effectiveMemory == memory_gb * 1024
    assert pool.runtime.cpu.maxUsage == pool.config.cpuAllocation.limit == mhz
    assert pool.runtime.memory.maxUsage == memory_gb * GIB


def test_a_host_in_maintenance_no_longer_counts_as_effective(platform: SmallPlatform) -> None:
    host = platform.hosts[1]
    wait(platform.service, host.EnterMaintenanceMode_Task(0))
    assert platform.cluster.summary.numEffectiveHosts == 1
    assert platform.cluster.summary.effectiveMemory == 512 * 1024
    wait(platform.service, host.ExitMaintenanceMode_Task(0))
    assert platform.cluster.summary.numEffectiveHosts == 2


def test_cluster_settings_are_kept_as_given(platform: SmallPlatform) -> None:
    config = platform.cluster.configurationEx
    assert config.dasConfig.enabled
    assert config.dasConfig.admissionControlPolicy.failoverLevel == 1
    assert config.drsConfig.defaultVmBehavior == "fullyAutomated"


def test_datastore_is_one_for_all_hosts_and_has_the_capacity_of_its_name(platform: SmallPlatform) -> None:
    for datastore in platform.datastores:
        assert datastore.summary.capacity == DATASTORES[datastore.name]["capacity_gb"] * GIB
        assert len(datastore.host) == len(HOSTS)
    assert len(platform.datacenter.datastore) == len(DATASTORES)


def test_free_space_follows_create_grow_add_and_destroy(platform: SmallPlatform) -> None:
    before = free_gb(platform)
    machine = clone(platform, "space")
    assert before - free_gb(platform) == 20
    grow = vim.vm.ConfigSpec(deviceChange=[disk_edit(machine, 0, 50)])
    wait(platform.service, machine.ReconfigVM_Task(grow))
    assert before - free_gb(platform) == 50
    controller = devices(machine, vim.vm.device.VirtualDisk)[0].controllerKey
    wait(
        platform.service,
        machine.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[new_disk(100, 1, controller)])),
    )
    assert before - free_gb(platform) == 150
    platform.datastores[0].RefreshDatastore()
    assert before - free_gb(platform) == 150
    wait(platform.service, machine.Destroy_Task())
    assert free_gb(platform) == before


def test_free_space_moves_with_a_machine_to_another_datastore(platform: SmallPlatform) -> None:
    before = [datastore.summary.freeSpace // GIB for datastore in platform.datastores]
    machine = clone(platform, "mover")
    wait(platform.service, machine.RelocateVM_Task(vim.vm.RelocateSpec(datastore=platform.datastores[1])))
    after = [datastore.summary.freeSpace // GIB for datastore in platform.datastores]
    assert after == [before[0], before[1] - 20]
    assert devices(machine, vim.vm.device.VirtualDisk)[0].backing.fileName == "[ds-b] mover/mover.vmdk"
    assert machine in platform.datastores[1].vm
    assert machine not in platform.datastores[0].vm
    wait(platform.service, machine.Destroy_Task())
    assert [datastore.summary.freeSpace // GIB for datastore in platform.datastores] == before


def test_a_clone_takes_everything_that_its_config_says(platform: SmallPlatform) -> None:
    controller = devices(platform.template, vim.vm.device.VirtualDisk)[0].controllerKey
    card = devices(platform.template, vim.vm.device.VirtualVmxnet3)[0]
    card.addressType, card.macAddress = "manual", "00:50:56:00:00:11"
    edit_card = vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)
    machine = clone(
        platform,
        "whole",
        power_on=True,
        numCPUs=4,
        memoryMB=8192,
        instanceUuid="aaaaaaaa-0000-4000-8000-000000000001",
        annotation="note",
        extraConfig=[vim.option.OptionValue(key="kyotsu.key", value="k1")],
        deviceChange=[disk_edit(platform.template, 0, 40), new_disk(60, 1, controller), edit_card],
    )
    assert (machine.config.hardware.numCPU, machine.config.hardware.memoryMB) == (4, 8192)
    assert machine.config.instanceUuid == "aaaaaaaa-0000-4000-8000-000000000001"
    assert machine.config.annotation == "note"
    assert {option.key: option.value for option in machine.config.extraConfig}["kyotsu.key"] == "k1"
    disks = devices(machine, vim.vm.device.VirtualDisk)
    assert [(disk.capacityInKB >> 20, disk.backing.fileName) for disk in disks] == [
        (40, "[ds-a] whole/whole.vmdk"),
        (60, "[ds-a] whole/whole_1.vmdk"),
    ]
    assert devices(machine, vim.vm.device.VirtualVmxnet3)[0].macAddress == "00:50:56:00:00:11"
    assert machine.runtime.powerState == "poweredOn"
    assert machine in platform.port_group.vm


def test_new_machines_are_spread_over_the_hosts_of_the_pools_cluster(platform: SmallPlatform) -> None:
    machines = [clone(platform, f"spread-{number}") for number in range(4)]
    assert {machine.runtime.host for machine in machines} == set(platform.hosts)


def test_every_property_of_every_object_can_be_read_whole(platform: SmallPlatform) -> None:
    content = platform.service.content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.ManagedEntity], True)
    collector = vmodl.query.PropertyCollector
    for entity in view.view:
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=entity)],
            propSet=[collector.PropertySpec(type=type(entity), all=True)],
        )
        assert content.propertyCollector.RetrieveContents([spec])[0].propSet


def test_a_property_that_is_not_set_is_none(platform: SmallPlatform) -> None:
    assert platform.template.snapshot is None


def test_a_changed_world_reaches_the_running_simulator(lab: RunningLab, platform: SmallPlatform) -> None:
    world = tiny_world()
    content = world["vcenters"][VCENTER]
    content["hosts"]["esx01.lab.test"] = {**HOSTS["esx01.lab.test"], "memory_gb": 1024}
    content["hosts"]["esx03.lab.test"] = {**HOSTS["esx02.lab.test"], "cpu_cores": 8, "cpu_threads": 16}
    content["datastores"]["ds-b"] = {"capacity_gb": 500}
    pid = lab.endpoint()["pid"]
    lab.laboratory.up(world, quiet)
    assert lab.endpoint()["pid"] == pid
    assert platform.hosts[0].summary.hardware.memorySize == 1024 * GIB
    assert platform.datastores[1].summary.capacity == 500 * GIB
    spec = vim.host.ConnectSpec(hostName="esx03.lab.test", userName="root", password="unused", force=True)
    host = wait(platform.service, platform.cluster.AddHost_Task(spec, True))
    assert host.summary.hardware.numCpuCores == 8
    assert platform.cluster.summary.totalMemory == (1024 + 256 + 256) * GIB
