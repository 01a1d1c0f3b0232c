"""What a reviewer waits for, in a copy of this repository whose branch changes one line: samples for bars.py."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from tests.bench.benchlab import BenchLab
from tests.bench.measure import ROOT, BenchFailed, Sample, run, succeed
from tests.support.git_estate import checkout

SYSTEM = "systems/s12-debt-management.yml"
OLD, NEW = "flavour: m16", "flavour: m32"


@functools.cache
def _branch() -> Path:
    """A checkout for as long as this process lives: main is what lies here, the branch has one line more memory."""
    folder = tempfile.mkdtemp(prefix="bench-change-")
    atexit.register(shutil.rmtree, folder)
    estate = checkout(ROOT, Path(folder) / "repository")
    estate.git("switch", "--quiet", "--create", "more-memory")
    estate.edit(SYSTEM, OLD, NEW)
    estate.commit("More memory")
    return estate.repository


def review(_lab: BenchLab) -> Sample:
    """`make review` of one line."""
    return _made(("review", "BASE=main"), told="memory of s12-db01 16 -> 32 GiB")


def change_of_systems(_lab: BenchLab) -> Sample:
    """`make change` of one line: validate, review, lint, data, and molecule default from an empty lab to no lab."""
    return _made(("change", "BASE=main"), told="all 6 steps succeeded (systems")


def lint(_lab: BenchLab) -> Sample:
    """`make lint` and `make unit`, one after the other as a person waits for them."""
    first = succeed(run(["make", "lint"]), "make lint")
    second = succeed(run(["make", "unit"]), "make unit")
    if " passed" not in second.output:
        raise BenchFailed(f"make unit ran no test:\n{second.output[-2000:]}")
    return Sample(
        seconds=first.seconds + second.seconds,
        cpu_seconds=first.cpu_seconds + second.cpu_seconds,
        peak_mib=max(first.peak_mib, second.peak_mib),
        code=0,
        output=second.output,
    )


def _made(arguments: tuple[str, ...], *, told: str) -> Sample:
    sample = succeed(run(["make", *arguments], folder=_branch()), f"make {arguments[0]}")
    if told not in sample.output:
        raise BenchFailed(f"make {arguments[0]} does not say {told!r}:\n{sample.output[-2000:]}")
    return sample
