"""Sizes that do not follow their use, and machines that do nothing; the limits are data. Pure.

The measure is the 95th percentile of use in percent of what a machine has (the highest of the daily ones): a size
chosen by it holds 95 percent of the time, and by the target of platform/capacity.yml leaves room above that. Active
memory is what a guest touched lately, not what it needs: caches of a database do not show. A list to talk about.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import RightSizing as Policy
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Flavour
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History, MachineHistory
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import MachineSample
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_waste import IdleMachine, RightSizing
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting, files_gib


def right_sizing(scope: Scope, sighting: Sighting, history: History) -> tuple[RightSizing, ...]:
    """Machines of the scope whose size should change: those that give back most memory first."""
    policy = scope.estate.platform.capacity.right_sizing
    found = []
    for system, machine, past in _with_past(scope, history, policy.minimum_days):
        row = _right_size(scope, sighting, system, machine, past)
        if row is not None:
            found.append(row)
    return tuple(sorted(found, key=lambda row: (-row.saved_memory_gib, -row.saved_vcpu, row.name)))


def idle(scope: Scope, sighting: Sighting, history: History) -> tuple[IdleMachine, ...]:
    """Machines of the scope that ran all the time and stayed under both limits: those with most memory first."""
    policy = scope.estate.platform.capacity.idle
    found = []
    for system, machine, past in _with_past(scope, history, policy.minimum_days):
        vcpu, memory_gib, sample = _size(scope, sighting, machine)
        cpu = _cpu_percent(past, vcpu, _core_mhz(sighting, system, sample))
        network = past.network_p95_kib_per_second
        if (
            past.days_on == past.days
            and (sample is None or sample.power == "on")
            and cpu is not None
            and cpu < policy.cpu_percent
            and (network is None or network < policy.network_kib_per_second)
        ):
            found.append(
                IdleMachine(
                    key=machine.key,
                    name=machine.name,
                    system=system.id,
                    days=past.days,
                    cpu_p95_percent=cpu,
                    network_p95_kib_per_second=network,
                    vcpu=vcpu,
                    memory_gib=memory_gib,
                    storage_gib=files_gib(sample) if sample else float(sum(disk.size_gb for disk in machine.disks)),
                )
            )
    return tuple(sorted(found, key=lambda row: (-row.memory_gib, row.name)))


def _with_past(scope: Scope, history: History, minimum_days: int) -> Iterator[tuple[System, Machine, MachineHistory]]:
    """Machines of the scope that ran on enough days: the zeros of a machine that is off say nothing of its size."""
    past = {each.identity.lower(): each for each in history.machines if each.days_on >= minimum_days}
    for system in scope.systems:
        for machine in system.machines:
            found = past.get(scope.estate.instance_uuid(machine).lower())
            if found is not None and (machine.status or system.status) in {"in-service", "retiring"}:
                yield system, machine, found


def _size(scope: Scope, sighting: Sighting, machine: Machine) -> tuple[int, float, MachineSample | None]:
    """(vCPU, GiB of memory, sample): what vCenter has, else what is described."""
    sample = sighting.by_identity.get(scope.estate.instance_uuid(machine).lower())
    if sample is not None:
        return sample.cpu_count, sample.memory_gb, sample
    cpu, memory_gb = scope.estate.size(machine)
    return cpu, float(memory_gb), None


def _core_mhz(sighting: Sighting, system: System, sample: MachineSample | None) -> float | None:
    mhz: Mapping[str, float] = sighting.core_mhz
    return (mhz.get(sample.host) or mhz.get(sample.cluster) if sample else None) or mhz.get(system.cluster)


def _cpu_percent(past: MachineHistory, vcpu: int, core_mhz: float | None) -> float | None:
    if past.cpu_p95_mhz is None or not core_mhz or not vcpu:
        return None
    return 100 * past.cpu_p95_mhz / (vcpu * core_mhz)


def _right_size(
    scope: Scope, sighting: Sighting, system: System, machine: Machine, past: MachineHistory
) -> RightSizing | None:
    policy = scope.estate.platform.capacity.right_sizing
    vcpu, memory_gib, sample = _size(scope, sighting, machine)
    cpu = _cpu_percent(past, vcpu, _core_mhz(sighting, system, sample))
    memory = 100 * past.memory_p95_gib / memory_gib if past.memory_p95_gib is not None and memory_gib else None
    wanted_cpu = _wanted_cpu(vcpu, cpu, policy)
    wanted_memory = _wanted_memory(memory_gib, memory, policy)
    flavour = None
    if machine.flavour is not None and (wanted_cpu, wanted_memory) != (vcpu, memory_gib):
        flavour = _smallest(scope.estate.platform.flavours, wanted_cpu, wanted_memory)
        if flavour is not None:
            wanted_cpu, wanted_memory = flavour.cpu, float(flavour.memory_gb)
    cpu_change, memory_change = wanted_cpu - vcpu, wanted_memory - memory_gib
    if not cpu_change and not memory_change:
        return None
    grows = cpu_change > 0 or memory_change > 0
    shrinks = cpu_change < 0 or memory_change < 0
    return RightSizing(
        key=machine.key,
        name=machine.name,
        system=system.id,
        direction="mixed" if grows and shrinks else "larger" if grows else "smaller",
        days=past.days,
        vcpu=vcpu,
        memory_gib=memory_gib,
        cpu_p95_percent=cpu,
        memory_p95_percent=memory,
        recommended_vcpu=wanted_cpu,
        recommended_memory_gib=wanted_memory,
        recommended_flavour=flavour.id if flavour else None,
    )


def _wanted_cpu(vcpu: int, percent: float | None, policy: Policy) -> int:
    if percent is None:
        return vcpu
    wanted = math.ceil(vcpu * percent / policy.cpu_target_percent)
    if percent > policy.cpu_high_percent:
        return max(wanted, vcpu + 1)
    if percent < policy.cpu_low_percent:
        return min(max(wanted, policy.minimum_cpu), vcpu)
    return vcpu


def _wanted_memory(memory_gib: float, percent: float | None, policy: Policy) -> float:
    """Whole GiB, where it changes at all."""
    if percent is None:
        return memory_gib
    wanted = math.ceil(memory_gib * percent / policy.memory_target_percent)
    if percent > policy.memory_high_percent:
        return float(max(wanted, math.floor(memory_gib) + 1))
    if percent < policy.memory_low_percent:
        return min(float(max(wanted, policy.minimum_memory_gb)), memory_gib)
    return memory_gib


def _smallest(flavours: tuple[Flavour, ...], cpu: int, memory_gib: float) -> Flavour | None:
    """The flavour with least memory, then least vCPU, then earliest in the data, that holds both."""
    fitting = [each for each in flavours if each.cpu >= cpu and each.memory_gb >= memory_gib]
    return min(fitting, key=lambda each: (each.memory_gb, each.cpu), default=None)
