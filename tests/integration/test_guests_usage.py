"""What guests use stands in vCenter's counters and quickStats; a machine without a guest has no figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from tests.support.guest_lab import GuestLab, guest_lab, machine, needs_guests, wait_until

pytestmark = needs_guests
# A sample is a mean over 20 s: what begins now is whole in the one after the next.
SAMPLES_SECONDS = 50
QUICK_STATS = ("overallCpuUsage", "guestMemoryUsage", "hostMemoryUsage")
COUNTERS = (
    "cpu.usagemhz", "cpu.usage", "mem.consumed", "mem.active", "mem.usage", "disk.usage", "disk.read", "disk.write",
    "net.usage", "net.received", "net.transmitted",
)  # fmt: skip


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestLab]:
    with guest_lab(tmp_path_factory.mktemp("labs"), "verbs-usage") as running:
        running.make(machine("t-busy01", "198.18.0.50"), machine("t-idle01", "198.18.0.51"))
        running.make(machine("t-win01", "198.18.0.70", power="off"), wait=False)
        windows = running.vm("t-win01")
        running.run(lambda: windows.ReconfigVM_Task(vim.vm.ConfigSpec(guestId="windows2019srvNext_64Guest")))
        running.run(windows.PowerOnVM_Task)
        yield running


def counters(lab: GuestLab, name: str, **fields: Any) -> dict[str, list[int]]:
    """All counters of a machine, by name, a value for each sample; empty if there is no sample of it."""
    manager = lab.session.content.perfManager
    names = {each.key: f"{each.groupInfo.key}.{each.nameInfo.key}" for each in manager.perfCounter}
    spec = vim.PerformanceManager.QuerySpec(entity=lab.vm(name), intervalId=20, **fields)
    answer = manager.QueryPerf(querySpec=[spec])
    found = {names[series.id.counterId]: list(series.value) for each in answer for series in each.value}
    for each in answer:
        assert {len(values) for values in found.values()} == {len(each.sampleInfo)}, "a value is missing on the wire"
    return found


def quick_stats(lab: GuestLab) -> dict[str, dict[str, int]]:
    """What one bulk read of leaf paths gives of all machines."""
    content = lab.session.content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    collector = type(content.propertyCollector)
    spec = collector.FilterSpec(
        objectSet=[
            collector.ObjectSpec(
                obj=view,
                skip=True,
                selectSet=[collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)],
            )
        ],
        propSet=[
            collector.PropertySpec(
                type=vim.VirtualMachine, pathSet=["name", *(f"summary.quickStats.{each}" for each in QUICK_STATS)]
            )
        ],
    )
    answer = content.propertyCollector.RetrieveContents([spec])
    view.DestroyView()
    found = {}
    for each in answer:
        values = {prop.name.rpartition(".")[2]: prop.val for prop in each.propSet}
        found[values.pop("name")] = values
    return found


def test_work_of_one_guest_shows_in_its_figures_and_in_no_others(lab: GuestLab) -> None:
    burn = "timeout 45 sh -c 'while :; do dd if=/dev/zero of=/srv/data/x bs=1M count=20 conv=fsync; done' 2>/dev/null"
    lab.say("t-busy01", f'sudo sh -c "{burn}; :" </dev/null >/dev/null 2>&1 & timeout 45 sha1sum /dev/zero & sleep 1')
    wait_until(
        lambda: quick_stats(lab)["t-busy01"]["overallCpuUsage"] > 500, "its processor time", seconds=SAMPLES_SECONDS
    )
    stats, busy, idle = quick_stats(lab), counters(lab, "t-busy01"), counters(lab, "t-idle01")
    assert set(busy) == set(idle) == set(COUNTERS)
    assert stats["t-idle01"]["overallCpuUsage"] < 200 < stats["t-busy01"]["overallCpuUsage"]
    assert busy["cpu.usagemhz"][-1] == stats["t-busy01"]["overallCpuUsage"] <= 2 * 2600 * 1.05
    assert busy["cpu.usage"][-1] == pytest.approx(10_000 * busy["cpu.usagemhz"][-1] / (2 * 2600), rel=0.02)
    assert busy["disk.write"][-1] > 1000 > idle["disk.write"][-1]
    assert busy["disk.usage"][-1] >= busy["disk.write"][-1]
    for name, values in (("t-busy01", busy), ("t-idle01", idle)):
        assert values["mem.consumed"][-1] // 1024 in range(1, 4096)
        assert stats[name]["hostMemoryUsage"] == -(-values["mem.consumed"][-1] // 1024)
        assert stats[name]["guestMemoryUsage"] == -(-values["mem.active"][-1] // 1024)


def test_bytes_over_the_network_are_counted(lab: GuestLab) -> None:
    before = max(counters(lab, "t-idle01")["net.transmitted"])
    assert len(lab.say("t-idle01", "head -c 4000000 /dev/zero | tr '\\0' x")) == 4_000_000
    wait_until(
        lambda: max(counters(lab, "t-idle01")["net.transmitted"]) > before + 100,
        "4 MB within a sample of 20 s",
        seconds=SAMPLES_SECONDS,
    )


def test_machine_without_a_guest_has_no_figures(lab: GuestLab) -> None:
    assert lab.vm("t-win01").runtime.powerState == "poweredOn"
    assert counters(lab, "t-win01") == {}
    assert quick_stats(lab)["t-win01"] == dict.fromkeys(QUICK_STATS, 0)
    manager = lab.session.content.perfManager
    assert list(manager.QueryAvailablePerfMetric(entity=lab.vm("t-win01"), intervalId=20)) == []
    assert len(manager.QueryAvailablePerfMetric(entity=lab.vm("t-idle01"), intervalId=20)) == len(COUNTERS)


def test_query_gives_the_newest_samples_and_those_of_a_time(lab: GuestLab) -> None:
    assert len(counters(lab, "t-idle01", maxSample=1)["mem.active"]) == 1
    assert len(counters(lab, "t-idle01")["mem.active"]) > 1
    manager = lab.session.content.perfManager
    spec = vim.PerformanceManager.QuerySpec(entity=lab.vm("t-idle01"), intervalId=300)
    assert list(manager.QueryPerf(querySpec=[spec])) == []


def test_host_uses_what_its_machines_use(lab: GuestLab) -> None:
    hosts = {lab.vm(name).runtime.host for name in ("t-busy01", "t-idle01")}
    told = sum(host.summary.quickStats.overallMemoryUsage for host in hosts)
    stats = quick_stats(lab)
    assert told == pytest.approx(sum(stats[each]["hostMemoryUsage"] for each in ("t-busy01", "t-idle01")), rel=0.1)


def test_used_space_is_told_with_the_virtual_disk_below_it(lab: GuestLab) -> None:
    lab.say("t-busy01", "sudo sh -c 'head -c 30000000 /dev/urandom > /srv/data/used; sync'")
    vm = lab.vm("t-busy01")

    def data() -> Any:
        return next(each for each in vm.guest.disk if each.diskPath == "/srv/data")

    wait_until(lambda: data().capacity - data().freeSpace > 28_000_000, "used space", seconds=SAMPLES_SECONDS)
    keys = {each.key for each in vm.config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk)}
    assert data().filesystemType == "ext4"
    assert {mapping.key for each in vm.guest.disk for mapping in each.mappings} == keys


def test_machine_that_is_off_uses_nothing_and_its_heartbeat_is_unknown(lab: GuestLab) -> None:
    vm = lab.vm("t-idle01")
    assert vm.guestHeartbeatStatus == vm.summary.quickStats.guestHeartbeatStatus == "green"
    lab.run(vm.PowerOffVM_Task)
    assert quick_stats(lab)["t-idle01"] == dict.fromkeys(QUICK_STATS, 0)
    assert vm.guestHeartbeatStatus == "gray"
    samples = len(counters(lab, "t-idle01")["mem.active"])
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 21, "a time in which others are measured", seconds=30)
    assert len(counters(lab, "t-idle01")["mem.active"]) == samples
