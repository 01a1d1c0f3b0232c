"""The wave of real guests of tests/whole/test_patch_wave.py: who is in it, who comes to grief, what it costs."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, patching_of, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from lab.guests.manager import cgroup_file
from lab.mirror.repository import Mirror
from tests.support.estate_lab import Finished
from tests.support.patch_lab import ROUND, PatchLab

# The largest wave. It has machines of each segment; those of the first vCenter come first.
WAVE, SEGMENTS = "wave-2", ("lgwan", "internet", "mynumber")
CONTENT, BROKEN = "patch-2026-11", "patch-2026-12"
GUESTS = 40
# A wave of so few has to cost as much for each guest as the large one does.
FEW = 8
_SOURCES = "/etc/apt/sources.list.d/kyotsu.sources"


@dataclass(frozen=True)
class Trouble:
    """Three machines of one system: `silent` is a database, `bad` and `full` are a pair without data of their own."""

    bad: str  # gets the bad package
    full: str  # has no room on its disk
    silent: str  # does not answer

    @property
    def results(self) -> Mapping[str, Result]:
        """How each comes out."""
        return {self.bad: Result.ROLLED_BACK, self.full: Result.SKIPPED, self.silent: Result.UNREACHABLE}


@dataclass(frozen=True)
class Cost:
    """One run over so many machines: seconds, and CPU seconds, which other programs on the machine hardly change."""

    machines: int
    seconds: float
    controller_seconds: float  # CPU, of all processes of the command
    guest_seconds: float  # CPU, of all guests of the lab
    finished: Finished

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the controller and of the guests together."""
        return self.controller_seconds + self.guest_seconds

    @property
    def each(self) -> float:
        """CPU seconds per machine."""
        return self.cpu_seconds / self.machines

    @property
    def each_guest(self) -> float:
        """CPU seconds per machine that are used in the guest itself."""
        return self.guest_seconds / self.machines

    def told(self) -> str:
        """One line for a person."""
        return (
            f"{self.machines} guests: {self.seconds:.0f} s; CPU seconds for each: {self.each:.1f}, of them "
            f"{self.each_guest:.1f} in the guest"
        )


def wave_machines(estate: Estate, number: int) -> list[str]:
    """So many Linux machines of the wave. The platform's own stay out: mirrors and name servers serve the others."""
    found = [
        (SEGMENTS.index(system.segment), machine.name)
        for system, machine in estate.machines()
        if patching_of(system, machine).wave == WAVE
        and system.kind != "platform"
        and estate.image_by_id[machine.image].os_family == "debian"
        and machine.power == "on"
        and status_of(system, machine) == "in-service"
    ]
    if len(found) < number:
        raise ValueError(f"{WAVE} has {len(found)} Linux machines, {number} are wanted")
    return [name for _, name in sorted(found)[:number]]


def trouble_of(estate: Estate, names: Sequence[str]) -> Trouble:
    """The first system that has all three among these machines."""
    for system in estate.systems:
        mine = [machine for machine in system.machines if machine.name in names]
        databases = [machine.name for machine in mine if machine.role == "db"]
        pairs = [machine for machine in mine if machine.stateless and machine.pair]
        if databases and len(pairs) > 1 and pairs[0].pair == pairs[1].pair:
            return Trouble(bad=pairs[0].name, full=pairs[1].name, silent=databases[0])
    raise ValueError("no system has a database and a stateless pair among these machines")


def prepare(lab: PatchLab, estate: Estate, names: Sequence[str]) -> None:
    """Approve the round for the systems of these machines, and give the wave its content on each mirror."""
    systems = {estate.machine_by_name[name][0] for name in names}
    lab.approve(ROUND, CONTENT, sorted(system.id for system in systems))
    for segment in sorted({system.segment for system in systems}):
        Mirror(lab.services.laboratory.paths, segment).promote(WAVE, CONTENT, approved_by="担当")


def make_trouble(lab: PatchLab, trouble: Trouble) -> None:
    """Prepare the three machines, in the guests themselves."""
    lab.say(trouble.bad, f"sed -i s,channels/{WAVE},snapshots/{BROKEN}, {_SOURCES}")
    lab.say(trouble.full, "dd if=/dev/zero of=/full bs=1M 2>/dev/null; rm -f /tmp/*; truncate -s -20M /full")
    lab.say(trouble.silent, "(sleep 1; ip link set eth0 down) >/dev/null 2>&1 &")


def mend(lab: PatchLab, trouble: Trouble) -> None:
    """The bad one gets what its wave gets."""
    lab.say(trouble.bad, f"sed -i s,snapshots/{BROKEN},channels/{WAVE}, {_SOURCES}")


def patched(lab: PatchLab, names: Sequence[str], *, budget: int, canary: int = 4) -> Cost:
    """One run over these machines; `budget` is how many may come out badly in each way. Its cost."""
    allowed = dict.fromkeys(("failed", "unreachable", "rolled_back"), budget)
    given = json.dumps({"at_once": 20, "canary": canary, "budget": allowed})
    namespace = lab.services.laboratory.guests.namespace
    started, controller, guests = time.perf_counter(), _children_cpu_seconds(), _guest_cpu_seconds(namespace)
    finished = lab.patch("--extra-vars", given, "--forks", "10", limit=names)
    return Cost(
        machines=len(names),
        seconds=time.perf_counter() - started,
        controller_seconds=_children_cpu_seconds() - controller,
        guest_seconds=_guest_cpu_seconds(namespace) - guests,
        finished=finished,
    )


def _children_cpu_seconds() -> float:
    """Of the commands that this process has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _guest_cpu_seconds(group: str) -> float:
    """Of everything that ever ran in the guests of a lab."""
    version1 = cgroup_file(group, "cpuacct", "cpuacct.usage")
    if version1 is not None:
        return int(version1) / 1e9
    stat = cgroup_file(group, "cpu", "cpu.stat")
    if stat is None:
        raise FileNotFoundError(f"there is no control group {group}, so what its guests use cannot be told")
    return next(int(line.split()[1]) for line in stat.splitlines() if line.startswith("usage_usec")) / 1e6
