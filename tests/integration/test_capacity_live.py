"""The live report against what plain pyVmomi adds up, to the last digit; and what is said when a vCenter is down."""

from __future__ import annotations

import json
import ssl
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from tests.support.estate_lab import BIN, EstateLab, Finished, wait_for_task
from tests.support.small_estate import ROOT

DAY = "2026-11-24"
KIB_OF_A_GIB = 1 << 20
BYTES_OF_A_GIB = 1 << 30


def report(lab: EstateLab, *arguments: str) -> tuple[Finished, dict[str, Any]]:
    """Run the script as the lab's user; the exit and the JSON."""
    file = lab.repository / "reports" / "capacity.json"
    finished = lab.command(
        str(BIN / "python"),
        str(ROOT / "scripts/capacity_report.py"),
        *("--repository", str(lab.repository), "--as-of", DAY, "--lang", "en"),
        *("--live", str(lab.repository / "inventory/lab"), "--output", str(file), *arguments),
    )
    assert "Traceback" not in finished.output, finished.output
    return finished, json.loads(file.read_text(encoding="utf-8"))


@contextmanager
def plain(lab: EstateLab, vcenter: str) -> Iterator[Any]:
    """A vCenter's content through pyVmomi alone; none of our code reads it."""
    state = lab.laboratory.state()
    entry = state["vcenters"][vcenter]
    instance = SmartConnect(
        host=entry["hostname"],
        port=entry["port"],
        user="reader@lab.local",
        pwd=lab.laboratory.password_file(vcenter, "reader").read_text(encoding="utf-8").strip(),
        sslContext=ssl.create_default_context(cafile=state["ca_file"]),
    )
    try:
        yield instance.RetrieveContent()
    finally:
        Disconnect(instance)


def objects(content: Any, kind: type) -> list[Any]:
    return list(content.viewManager.CreateContainerView(content.rootFolder, [kind], True).view)


def test_numbers_agree_with_plain_pyvmomi_to_the_last_digit(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        wait_for_task(machine.CreateSnapshot_Task("before an update", "", False, False))
    wanted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    used_bytes: Counter[str] = Counter()
    clusters: dict[str, dict[str, float]] = {}
    datastores: dict[str, dict[str, float]] = {}
    for vcenter in few.vcenters:
        with plain(few, vcenter) as content:
            for machine in objects(content, vim.VirtualMachine):
                if machine.config.template:
                    continue
                disks = [each for each in machine.config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk)]
                wanted[machine.parent.name]["machines"] += 1
                wanted[machine.parent.name]["vcpu"] += machine.config.hardware.numCPU
                wanted[machine.parent.name]["memory_mib"] += machine.config.hardware.memoryMB
                wanted[machine.parent.name]["disk_kib"] += sum(disk.capacityInKB for disk in disks)
                used_bytes[machine.parent.name] += sum(each.unshared for each in machine.storage.perDatastoreUsage)
            for cluster in objects(content, vim.ClusterComputeResource):
                clusters[cluster.name] = capacity_of(cluster)
            for datastore in objects(content, vim.Datastore):
                datastores[datastore.name] = {
                    "capacity": datastore.summary.capacity / BYTES_OF_A_GIB,
                    "used": (datastore.summary.capacity - datastore.summary.freeSpace) / BYTES_OF_A_GIB,
                }
    assert sum(each["machines"] for each in wanted.values()) >= 4

    finished, content = report(few)
    assert finished.code in {0, 2}, finished.output
    rows = {row["system"]: row for row in content["tables"]["compared"]["rows"]}
    for system, sums in wanted.items():
        row = rows[system]
        assert row["actual_machines"] == sums["machines"]
        assert row["actual_vcpu"] == sums["vcpu"]
        assert row["actual_memory_gib"] == sums["memory_mib"] / 1024
        assert row["actual_storage_gib"] == sums["disk_kib"] / KIB_OF_A_GIB
        assert row["used_storage_gib"] == used_bytes[system] / BYTES_OF_A_GIB
    for row in content["tables"]["clusters_memory"]["rows"]:
        assert row["actual_capacity"] == pytest.approx(clusters[row["cluster"]]["memory_gib"], rel=1e-12)
    for row in content["tables"]["clusters_cpu"]["rows"]:
        assert row["demand_capacity"] == clusters[row["cluster"]]["mhz"]
    for row in content["tables"]["datastores"]["rows"]:
        assert row["capacity_gib"] == datastores[row["datastore"]]["capacity"]
        assert row["used_gib"] == datastores[row["datastore"]]["used"]


def capacity_of(cluster: Any) -> dict[str, float]:
    """What is left of a cluster with as many of the largest hosts lost as it tolerates; memory overcommit is 1."""
    memory = sorted(host.hardware.memorySize for host in cluster.host)
    mhz = sorted(host.summary.hardware.numCpuCores * host.summary.hardware.cpuMhz for host in cluster.host)
    policy = cluster.configurationEx.dasConfig.admissionControlPolicy  # None where no host may fail
    left = len(memory) - (policy.failoverLevel if policy else 0)
    return {"memory_gib": sum(memory[:left]) / BYTES_OF_A_GIB, "mhz": sum(mhz[:left])}


def test_a_vcenter_that_is_down_is_named_and_the_rest_is_shown(few: EstateLab) -> None:
    few.kill_simulator("vc-mynumber")
    finished, content = report(few)
    assert finished.code == 1, finished.output
    assert "vc-mynumber" in finished.output
    assert any("vc-mynumber" in line for line in content["missing"])
    rows = {row["system"]: row for row in content["tables"]["compared"]["rows"]}
    assert rows["s13"]["actual_vcpu"] == rows["s13"]["vcpu"]
    assert rows["s02"]["actual_vcpu"] is None


def test_no_lab_is_one_line(few: EstateLab) -> None:
    finished = few.command(
        str(BIN / "python"),
        str(ROOT / "scripts/capacity_report.py"),
        *("--repository", str(few.repository), "--live", str(few.repository / "inventory/lab")),
        KYOTSU_LAB="nowhere",
    )
    assert finished.code == 1
    assert len(finished.output.strip().splitlines()) == 1
    assert "lab.json" in finished.output
