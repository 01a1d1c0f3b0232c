"""The verb collect against real vCenters: what it saves is what they say, in a constant number of calls."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import MachineSample, Observation
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.collect import CollectOutcome, run_collect
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.estate_lab import OUTSIDE_WINDOW, EstateLab, machines_of, wait_for_task
from tests.support.small_estate import S13

VCENTERS = ("vc-kyotsu", "vc-mynumber")
TOKYO = ZoneInfo("Asia/Tokyo")
GIB = 1 << 30


def collect(lab: EstateLab, hours: float = 0, *, check: bool = False) -> CollectOutcome:
    return run_collect(lab.target("reader"), check=check, now=OUTSIDE_WINDOW + timedelta(hours=hours))


def saved(lab: EstateLab) -> Observation:
    with open_store(lab.records_url, production=False, create=False) as store:
        found = SampleStore(store, TOKYO).latest(OUTSIDE_WINDOW + timedelta(days=99))
    assert found is not None
    return found


def by_name(observation: Observation) -> dict[str, MachineSample]:
    return {machine.name: machine for machine in observation.machines}


def test_what_is_saved_is_what_the_vcenters_say_object_by_object(few: EstateLab) -> None:
    with few.machine("vc-kyotsu", "s13-db01") as machine:
        reservation = vim.ResourceAllocationInfo(reservation=512)
        wait_for_task(machine.ReconfigVM_Task(vim.vm.ConfigSpec(memoryAllocation=reservation)))
        wait_for_task(machine.CreateSnapshot_Task("before an update", "", False, False))
    collect(few)
    observation = saved(few)
    found = by_name(observation)
    for vcenter in VCENTERS:
        with few.session(vcenter) as session:
            machines = [each for each in machines_of(session) if not each.config.template]
            assert {each.name for each in machines} == {each.name for each in found.values() if each.vcenter == vcenter}
            for machine in machines:
                sample = found[machine.name]
                disks = [d for d in machine.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)]
                assert sample.identity == machine.config.instanceUuid
                assert sample.cpu_count == machine.config.hardware.numCPU
                assert sample.memory_gb * 1024 == machine.config.hardware.memoryMB
                assert sample.storage_allocated_gb * GIB == sum(disk.capacityInKB * 1024 for disk in disks)
                used = sum(use.unshared for use in machine.storage.perDatastoreUsage)
                assert sample.storage_used_gb == used / GIB
                assert sample.cluster == machine.runtime.host.parent.name
                assert sample.power == ("on" if machine.runtime.powerState == "poweredOn" else "off")
            view = session.content.viewManager.CreateContainerView(
                container=session.content.rootFolder, type=[vim.HostSystem, vim.Datastore], recursive=True
            )
            for each in view.view:
                if isinstance(each, vim.HostSystem):
                    (host,) = [one for one in observation.hosts if one.name == each.name.partition(".")[0]]
                    hardware = each.summary.hardware
                    size = (hardware.numCpuCores, hardware.cpuMhz, hardware.memorySize / GIB)
                    assert (host.cpu_cores, host.cpu_mhz, host.memory_gb) == size
                else:
                    (datastore,) = [one for one in observation.datastores if one.name == each.name]
                    assert datastore.capacity_gb * GIB == each.summary.capacity
                    assert datastore.free_gb * GIB == each.summary.freeSpace
    changed = found["s13-db01"]
    assert (changed.memory_reserved_gb, changed.snapshots, changed.system, changed.segment) == (0.5, 1, "s13", "lgwan")
    assert changed.snapshot_gb is not None
    assert changed.oldest_snapshot is not None
    assert found["s02-db01"].oldest_snapshot is None


MORE = """  - key: s13-ap-{number}
    name: s13-ap{number:02}
    role: ap
    cpu: 1
    memory_gb: 2
    image: debian-12
    nics: [{{network: lgwan-servers, address: 198.18.128.{address}}}]
    disks: [{{name: system, size_gb: 40, tier: standard, mount: /}}]
"""


def test_the_number_of_calls_does_not_grow_with_the_machines(few: EstateLab) -> None:
    def calls(hours: float) -> list[dict[str, int]]:
        few.reset_counters()
        collect(few, hours)
        assert few.writing_calls() == 0
        return [few.methods(vcenter) for vcenter in VCENTERS]

    first_cold, first_warm = calls(0), calls(1)
    text = "".join(MORE.format(number=number, address=100 + number) for number in range(1, 13))
    few.edit(S13, "assumed: [owner, machines]\n", f"{text}assumed: [owner, machines]\n")
    few.provision()
    # Twelve machines whose disks are not in the cache are read in one call more, as the first ones were.
    second_cold, second_warm = calls(2), calls(3)
    assert len(saved(few).machines) == 4 + 12
    assert second_warm == first_warm
    assert sum(sum(each.values()) for each in second_cold) <= sum(sum(each.values()) for each in first_cold)
    assert all(sum(each.values()) <= 12 for each in first_cold), first_cold


def test_a_vcenter_that_is_down_is_named_and_the_others_are_saved(few: EstateLab) -> None:
    collect(few)
    few.kill_simulator("vc-mynumber")
    outcome = collect(few, 1)
    assert set(outcome.observation.missing) == {"vc-mynumber"}
    assert "missing vc-mynumber: " in outcome.text()
    assert {each.vcenter for each in outcome.observation.machines} == {"vc-kyotsu"}
    known = saved(few)
    assert {each.vcenter for each in known.machines} == set(VCENTERS), "its last state is still known"
    assert known.read_at["vc-mynumber"] == OUTSIDE_WINDOW
    run = few.playbook("collect")
    assert run.code == 2, run.output
    assert "Not read: vc-mynumber." in run.output
    assert "Traceback" not in run.output


def test_check_mode_reads_and_writes_nothing(empty: EstateLab) -> None:
    empty.foundation()
    records = Path(empty.records_url.removeprefix("sqlite:///"))
    before = records.stat().st_mtime_ns
    outcome = collect(empty, check=True)
    assert not outcome.saved
    assert len(outcome.observation.hosts) > 0
    assert records.stat().st_mtime_ns == before
    assert outcome.text().startswith("would save one sample: 0 machines, ")


def test_a_vcenter_in_which_nothing_is_yet_gives_an_empty_sample(empty: EstateLab) -> None:
    outcome = collect(empty)
    assert outcome.saved
    assert (outcome.observation.machines, outcome.observation.hosts, dict(outcome.observation.missing)) == ((), (), {})


def test_a_vcenter_without_an_endpoint_is_refused_before_anything_is_read(few: EstateLab) -> None:
    target = few.target("reader")
    few.reset_counters()
    with pytest.raises(VerbRefused, match="no endpoint for vc-mynumber"):
        run_collect(few.target("reader", endpoints=target.endpoints[:1]), now=OUTSIDE_WINDOW)
    assert few.calls()["vc-kyotsu"] == 0


def test_a_pause_of_the_timer_is_told(few: EstateLab) -> None:
    assert collect(few).gap is None
    assert collect(few, 2).gap is None
    late = collect(few, 9)
    assert late.gap == timedelta(hours=7)
    assert "nothing was collected for 7.0 h" in late.text()


def test_days_that_are_over_are_summed_up_by_the_same_run(few: EstateLab) -> None:
    assert collect(few).reduced_days == ()
    done = collect(few, 24)
    assert done.reduced_days == ("2026-11-24",)
    assert collect(few, 25).reduced_days == ()
    with open_store(few.records_url, production=False) as store:
        samples = SampleStore(store, TOKYO)
        day = date(2026, 11, 24)
        assert len(samples.machine_periods(day, day)) == 4
        assert sum(series[0].machines for series in samples.daily_totals("system", day, day).values()) == 4


def test_a_machine_that_nobody_describes_any_more_stays_with_its_system(few: EstateLab) -> None:
    few.edit(S13, "assumed: [owner, machines]\n", f"{MORE.format(number=1, address=101)}assumed: [owner, machines]\n")
    few.provision()
    # Another identity, so that the machine which exists is no longer described.
    few.edit(S13, "key: s13-ap-1", "key: s13-ap-9")
    machine = by_name(collect(few).observation)["s13-ap01"]
    assert (machine.key, machine.system, machine.segment, machine.managed) == ("s13-ap-1", "s13", "lgwan", True)


def test_a_machine_of_somebody_else_has_a_place_and_no_owner(few: EstateLab) -> None:
    _clone_by_hand(few, "vc-kyotsu", "s13-db01", "guest-of-ours")
    machine = by_name(collect(few).observation)["guest-of-ours"]
    assert (machine.key, machine.system, machine.owner, machine.managed) == (None, None, None, False)
    assert (machine.cluster, machine.segment, machine.power) == ("kyotsu-lgwan", "lgwan", "off")
    assert (machine.cpu_used_mhz, machine.memory_used_gb, machine.network_used_kbps) == (0, 0.0, 0)


def test_a_desktop_is_known_by_the_pattern_of_its_pool(few: EstateLab) -> None:
    _clone_by_hand(few, "vc-kyotsu", "s13-db01", "lgd-0007")
    machine = by_name(collect(few).observation)["lgd-0007"]
    assert (machine.pool, machine.system, machine.managed) == ("vdi-lgwan-pool-1", "vdi-lgwan", True)


def _clone_by_hand(lab: EstateLab, vcenter: str, source: str, name: str) -> None:
    with lab.machine(vcenter, source) as machine:
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
        wait_for_task(machine.CloneVM_Task(machine.parent, name, spec))
