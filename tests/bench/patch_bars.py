"""What the bar of patching times: forty guests, end to end, three of which do not come out well."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from tests.bench.benchlab import BenchLab
from tests.bench.measure import ROOT, BenchFailed, Sample, say
from tests.support.patch_lab import ROUND, PatchLab, patch_lab

GUESTS = 40
_SEGMENT, _CONTENT, _BROKEN = "lgwan", "patch-2026-11", "patch-2026-12"
_SOURCES = "/etc/apt/sources.list.d/kyotsu.sources"
_MIB = 1024.0


def forty(_lab: BenchLab) -> Sample:
    """One run over forty guests: one gets the bad package, one has no room, one does not answer."""
    estate = load_estate(ROOT).estate
    names = machines(estate, GUESTS)
    bad = next(each for each in reversed(names) if estate.machine_by_name[each][1].stateless)
    full, silent = [each for each in reversed(names) if each != bad and not each.endswith("db01")][:2]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, patch_lab(Path(folder), "bars-patch", names) as lab:
        channels = _prepare(lab, estate, names)
        lab.say(bad, f"sed -i s,channels/{channels[bad]},snapshots/{_BROKEN}, {_SOURCES}")
        lab.say(full, "dd if=/dev/zero of=/full bs=1M 2>/dev/null; truncate -s -20M /full")
        lab.say(silent, "(sleep 1; ip link set eth0 down) >/dev/null 2>&1 &")
        given = json.dumps({"at_once": 20, "canary": 4, "budget": {"failed": 2, "unreachable": 2, "rolled_back": 2}})
        started, cpu = time.perf_counter(), _children_cpu()
        finished = lab.patch("--extra-vars", given, "--forks", "8")
        seconds = time.perf_counter() - started
        _require(lab, finished.output, {bad: Result.ROLLED_BACK, full: Result.SKIPPED, silent: Result.UNREACHABLE})
        batches = max(each.batch for each in lab.runs(ROUND)[0].machines)
        say(f"    {len(names)} guests in {batches} batches, {seconds / len(names):.1f} s each")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _MIB
        return Sample(seconds, _children_cpu() - cpu, peak, finished.code, finished.output)


def machines(estate: Estate, number: int) -> list[str]:
    """So many Linux machines of one segment whose owners have an answer to give; the platform's own stay out."""
    found = [
        machine.name
        for system, machine in estate.machines()
        if system.segment == _SEGMENT
        and system.kind == "hosted"
        and estate.image_by_id[machine.image].os_family == "debian"
        and machine.power == "on"
        and status_of(system, machine) == "in-service"
    ]
    # The last systems have the stateless machines.
    return found[-number:]


def _prepare(lab: PatchLab, estate: Estate, names: list[str]) -> dict[str, str]:
    """Approve the round for these machines' systems and promote their channels; machine -> channel."""
    systems = {estate.machine_by_name[name][0].id for name in names}
    lab.approve(ROUND, _CONTENT, sorted(systems))
    channels = {}
    for name in names:
        system, machine = estate.machine_by_name[name]
        channels[name] = (machine.patch or system.patch).wave
    for channel in sorted(set(channels.values())):
        lab.mirror.promote(channel, _CONTENT, approved_by="bench")
    return channels


def _require(lab: PatchLab, output: str, wanted: dict[str, Result]) -> None:
    runs = lab.runs(ROUND)
    if len(runs) != 1:
        raise BenchFailed(f"the run has left no evidence:\n{output[-3000:]}")
    found = {each.name: each.result for each in runs[0].machines}
    differing = {name: result.value for name, result in found.items() if result is not wanted.get(name, Result.PATCHED)}
    if differing or len(found) != GUESTS:
        raise BenchFailed(f"{len(found)} machines, not as expected: {differing}\n{output[-3000:]}")


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
