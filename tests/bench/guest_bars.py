"""What the bars of the guests time: one that is switched on, and all of the estate from nothing to a login."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session, connect
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from lab.guests.plan import plan
from lab.guests.ssh import without_login
from lab.laboratory import Laboratory
from lab.world import build_world
from tests.bench.benchlab import BenchLab
from tests.bench.measure import ROOT, BenchFailed, Sample, say

PEAK_MIB = 6 * 1024.0
_LAB = "bars-guests"
_ONE, _VCENTER = "s11-web01", "vc-kyotsu"
_SECONDS = 900.0
_MIB = 1024 * 1024


def one(lab: BenchLab) -> Sample:
    """A machine of the estate is switched on through vCenter and lets its administrator in."""
    _up(lab.laboratory, "some")
    with connect(lab.endpoint(_VCENTER)) as session:
        vm = _machine(session, _ONE)
        if vm.runtime.powerState == "poweredOn":
            _run(session, vm.PowerOffVM_Task)
        with _timed(lab.laboratory) as samples:
            _run(session, vm.PowerOnVM_Task)
            _log_in(lab.laboratory, [_ONE])
        return samples[0]


def every(_lab: BenchLab) -> Sample:
    """Provision of the whole estate on an empty foundation, until every Linux machine lets its administrator in."""
    laboratory = Laboratory(_LAB)
    laboratory.down(say=_quiet)
    try:
        _up(laboratory, "all")
        lab = BenchLab(_LAB, ROOT, laboratory)
        lab.foundation()
        with _timed(laboratory) as samples:
            lab.provision()
            names = linux_machines(load_estate(ROOT).estate)
            running = {entry["name"] for entry in laboratory.guests.client.guests() if entry["pid"]}
            if running != names:
                others = ", ".join(sorted(running ^ names))
                raise BenchFailed(f"{len(running)} guests run, {len(names)} Linux machines should; look at {others}")
            _log_in(laboratory, sorted(names))
        say(f"    {len(names)} guests, {samples[0].peak_mib:.0f} MiB together when all had let in")
        return samples[0]
    finally:
        laboratory.down(say=_quiet)


def linux_machines(estate: Estate) -> set[str]:
    """Names of the estate's Linux machines that should be switched on: each of them has a guest."""
    return {
        machine.name
        for system, machine in estate.machines()
        if estate.image_by_id[machine.image].os_family == "debian"
        and machine.power == "on"
        and status_of(system, machine) in ("in-service", "retiring")
    }


def _up(laboratory: Laboratory, choice: str) -> None:
    laboratory.up(build_world(ROOT), say=_quiet, guests=plan(ROOT, choice), estate=load_estate(ROOT).estate)


def _machine(session: Session, name: str) -> vim.VirtualMachine:
    view = session.content.viewManager.CreateContainerView(session.content.rootFolder, [vim.VirtualMachine], True)
    try:
        return next(vm for vm in view.view if vm.name == name)
    finally:
        view.DestroyView()


def _run(session: Session, start: Callable[[], Any]) -> None:
    with TaskWaiter(session) as waiter:
        require(waiter.wait(start(), 60), "task")


def _log_in(laboratory: Laboratory, names: list[str]) -> None:
    refused = without_login(laboratory.guests, names, _SECONDS)
    if refused or not names:
        raise BenchFailed(f"no login to {', '.join(refused) or 'any guest'}")


@contextmanager
def _timed(laboratory: Laboratory) -> Iterator[list[Sample]]:
    """Time the block; the memory is that of guests, their manager, services and vCenters together.

    It is read once, when the block is over: of all that run then, no highest value on the way there.
    """
    samples: list[Sample] = []
    started, cpu = time.perf_counter(), time.process_time()
    yield samples
    seconds = time.perf_counter() - started
    samples.append(Sample(seconds, time.process_time() - cpu, _memory_mib(laboratory), 0, ""))


def _memory_mib(laboratory: Laboratory) -> float:
    guests = sum(entry["memory_bytes"] for entry in laboratory.guests.client.guests())
    pids = [laboratory.guests.process.pid(), *(each.pid for each in laboratory.service_status())]
    pids += [laboratory.process(vcenter).pid() for vcenter in laboratory.vcenters()]
    page = resource.getpagesize()
    others = sum(int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * page for pid in pids if pid)
    return float(guests + others) / _MIB


def _quiet(_text: str) -> None:
    pass
