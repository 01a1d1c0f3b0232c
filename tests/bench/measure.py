"""Time commands: wall seconds and peak memory of each run, medians, and a calibration beside them."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lab.scratch import scratch_folder

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv/bin"
REPORTS = ROOT / "reports"
_POLL_SECONDS = 0.002
_POLLS_PER_LOOK = 8
# A command that takes longer than this is measured once, without a warm-up.
LONG_SECONDS = 20.0
# An empty ansible-playbook on the machine for which the bars were set.
REFERENCE_SECONDS = (2.1, 2.8)
EMPTY_PLAY = "- name: Nothing\n  hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks: []\n"


class BenchFailed(Exception):
    """A command did not do what the measurement is about; the message holds what it said."""


@dataclass(frozen=True)
class Sample:
    """One run of a command."""

    seconds: float
    cpu_seconds: float  # of all its processes; other programs on the machine hardly change it
    peak_mib: float  # of the command's own process, without those that it starts
    code: int
    output: str
    share: float | None = None  # of what something else reaches that was measured beside it


@dataclass(frozen=True)
class Summary:
    """Several samples of one thing; seconds, MiB of the largest run, and the median share where there is one."""

    median: float
    low: float
    high: float
    runs: int
    cpu: float  # median
    peak_mib: float
    share: float | None = None

    def as_data(self) -> dict[str, float | int]:
        """The numbers, rounded for people."""
        share = {} if self.share is None else {"share": round(self.share, 3)}
        return {
            **share,
            "median_s": round(self.median, 3),
            "min_s": round(self.low, 3),
            "max_s": round(self.high, 3),
            "cpu_s": round(self.cpu, 3),
            "runs": self.runs,
            "peak_mib": round(self.peak_mib, 1),
        }


def summarise(samples: Sequence[Sample]) -> Summary:
    """Median, least and most of the samples."""
    seconds = [sample.seconds for sample in samples]
    shares = [sample.share for sample in samples if sample.share is not None]
    return Summary(
        median=statistics.median(seconds),
        low=min(seconds),
        high=max(seconds),
        runs=len(seconds),
        cpu=statistics.median(sample.cpu_seconds for sample in samples),
        peak_mib=max(sample.peak_mib for sample in samples),
        share=statistics.median(shares) if shares else None,
    )


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    timeout_seconds: float = 900,
) -> Sample:
    """Run one command to its end, whatever its exit code. Its output goes to a file: a pipe would slow it down."""
    with tempfile.TemporaryFile() as output:
        cpu_before = _cpu_of_children()
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**base_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        peak_mib = _wait(process, started + timeout_seconds)
        seconds = time.perf_counter() - started
        cpu = _cpu_of_children() - cpu_before
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Sample(seconds, cpu, peak_mib, process.returncode, text)


def base_environment() -> dict[str, str]:
    """The environment of every measured command: this repository's configuration, and Ansible without colours."""
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONUTF8": "1",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }


def _wait(process: subprocess.Popen[bytes], deadline: float) -> float:
    """Wait for the end and return the peak MiB, which is asked for now and then.

    What wait4 tells is no use: it begins with the memory of the process that forked, which is this one.
    """
    peak_kib = 0
    polls = 0
    while process.poll() is None:
        if polls % _POLLS_PER_LOOK == 0:
            peak_kib = max(peak_kib, _peak_kib(process.pid))
        polls += 1
        if time.perf_counter() > deadline:
            process.kill()
            process.wait()
            raise BenchFailed("a command did not end in time")
        time.sleep(_POLL_SECONDS)
    return peak_kib / 1024


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _peak_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:  # it has just ended
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) if lines else 0


def succeed(sample: Sample, what: str) -> Sample:
    """The sample, whose exit code must be 0."""
    if sample.code != 0:
        raise BenchFailed(f"{what} ended with {sample.code}:\n{sample.output[-3000:]}")
    return sample


def repeat(action: Callable[[], Sample], runs: int) -> list[Sample]:
    """So many samples, after one that does not count; what takes long is measured once."""
    first = action()
    if first.seconds > LONG_SECONDS:
        return [first]
    return [action() for _ in range(runs)]


class Calibration:
    """An empty ansible-playbook, timed between the measurements: what this machine takes for nothing."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._play = self._open.enter_context(scratch_folder("kyotsu-bench-")) / "empty.yml"
        self._play.write_text(EMPTY_PLAY, encoding="utf-8")
        self.samples: list[Sample] = []
        self._once()

    def __enter__(self) -> Calibration:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sample(self) -> Sample:
        """One more run."""
        self.samples.append(self._once())
        return self.samples[-1]

    def _once(self) -> Sample:
        command = [str(BIN / "ansible-playbook"), "-i", "localhost,", str(self._play)]
        return succeed(run(command), "the empty ansible-playbook")


def machine() -> dict[str, str]:
    """What the numbers were measured on."""
    model = "unknown processor"
    memory = ""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("MemTotal:"):
            memory = f"{int(line.split()[1]) / 1024 / 1024:.1f} GiB"
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": memory,
        "system": _system(),
        "python": platform.python_version(),
        "load": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }


def _system() -> str:
    release = Path("/etc/os-release")
    if release.exists():
        for line in release.read_text(encoding="utf-8").splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip('"')
    return f"{platform.system()} {platform.release()}"


def say(text: str) -> None:
    """Progress, at once."""
    print(text, file=sys.stderr, flush=True)
