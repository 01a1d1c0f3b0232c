#!/usr/bin/env python3
"""Check the bars in seconds on a lab of its own: the median of five runs after one warm-up, beside a calibration.

Bars whose sample takes a minute or more have fewer runs; the table says how many.

The calibration is an empty ansible-playbook, run before every sample. A bar that is missed fails, unless the machine
itself is slower than the reference by a factor that explains the miss: then both numbers are shown and nothing fails.

Examples:
  tests/bench/bars.py
  tests/bench/bars.py --only plan --only inventory --runs 3
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from lab.errors import LabError
from lab.guests import requirements
from lab.scratch import scratch_folder
from tests.bench import capacity_bars, change_bars, guest_bars, patch_bars, planner_bars, tape_bars, tape_path
from tests.bench.benchlab import BenchLab, bench_lab
from tests.bench.measure import (
    BIN,
    REFERENCE_SECONDS,
    REPORTS,
    ROOT,
    BenchFailed,
    Calibration,
    Sample,
    Summary,
    machine,
    run,
    say,
    succeed,
    summarise,
)
from tests.support.patch_wave import GUESTS

LAB = "bars"
SYSTEMS_OF_LARGE_ESTATE = 1000


@dataclass(frozen=True)
class Bar:
    """One limit in seconds, and what is timed. `sample` raises BenchFailed if it is not what it should be.

    Where there is a `least_share` the bar is that share of what something else reaches, measured beside it in the same
    sample; seconds then only say how long that took, and no other machine would have met it.
    """

    name: str
    title: str
    limit_seconds: float
    sample: Callable[[BenchLab], Sample]
    peak_limit_mib: float | None = None
    least_share: float | None = None
    most_runs: int | None = None  # fewer where one sample takes a minute or more; one of them has no warm-up
    boots_guests: bool = False
    pending: str = ""  # why it is not yet asked for with the others, and since when; --only still runs it


@dataclass(frozen=True)
class Verdict:
    """What was measured for a bar, and the calibration that was measured between its samples."""

    bar: Bar
    summary: Summary
    calibration_seconds: float

    @property
    def word(self) -> str:
        """Met, MISSED, or explained by the machine."""
        limit = self.bar.peak_limit_mib
        if limit is not None and self.summary.peak_mib > limit:
            return "MISSED (memory)"  # a slow machine explains no memory
        if self.bar.least_share is not None:
            return "met" if (self.summary.share or 0.0) >= self.bar.least_share else "MISSED"
        if self.summary.median < self.bar.limit_seconds:
            return "met"
        return "explained by the machine" if self.is_explained else "MISSED"

    @property
    def is_explained(self) -> bool:
        """Whether a machine that is this much faster would have met the bar."""
        factor = self.calibration_seconds / REFERENCE_SECONDS[1]
        return factor > 1 and self.summary.median / factor < self.bar.limit_seconds

    @property
    def fails(self) -> bool:
        """Whether the run fails."""
        return self.word.startswith("MISSED")


# --- what is timed ------------------------------------------------------------------------------------------------


def plan(lab: BenchLab) -> Sample:
    """A plan of everything with nothing to do, through ansible-playbook."""
    sample = succeed(lab.playbook("plan.yml"), "playbooks/plan.yml")
    if "would change 0," not in sample.output or "refused 0, failed 0" not in sample.output:
        raise BenchFailed(f"the plan is not empty:\n{sample.output[-2000:]}")
    return sample


def inventory(lab: BenchLab) -> Sample:
    """ansible-inventory --list of the estate."""
    return lab.inventory_list()


def validate(lab: BenchLab) -> Sample:
    """scripts/validate.py; that it uses no cache is shown by a copy that has none and gets none."""
    return _validate(lab.repository, ())


def validate_copy(_lab: BenchLab) -> Sample:
    """scripts/validate.py of files that were never read before."""
    with scratch_folder("kyotsu-bench-") as copy:
        for name in ("systems", "platform"):
            shutil.copytree(ROOT / name, copy / name)
        sample = _validate(copy, ())
        left = sorted(path.name for path in copy.iterdir())
    if left != ["platform", "systems"]:
        raise BenchFailed(f"validate left something behind: {left}")
    return sample


def validate_large(_lab: BenchLab) -> Sample:
    """scripts/validate.py of a thousand small systems."""
    from tests.support.large_estate import make_large
    from tests.support.small_estate import AS_OF

    with scratch_folder("kyotsu-bench-") as folder:
        repository = make_large(folder, SYSTEMS_OF_LARGE_ESTATE)
        return _validate(repository, ("--as-of", AS_OF.isoformat()))


def _validate(repository: Path, arguments: Sequence[str]) -> Sample:
    command = [str(BIN / "python"), "scripts/validate.py", "--repository", str(repository), *arguments]
    return succeed(run(command), "scripts/validate.py")


def demo(lab: BenchLab) -> Sample:
    """`make demo` on what is there already."""
    return succeed(run(["make", "demo", f"LAB={lab.name}"], environment=lab.environment), "make demo")


def collect(lab: BenchLab) -> Sample:
    """One sample of everything into the records, through ansible-playbook."""
    sample = succeed(lab.playbook("collect.yml"), "playbooks/collect.yml")
    if "collect: saved one sample: 164 machines" not in sample.output:
        raise BenchFailed(f"no sample was saved:\n{sample.output[-2000:]}")
    return sample


def wrong_password(lab: BenchLab) -> Sample:
    """A plan with a password that vCenter refuses."""
    with _broken_lab(lab, password="wrong") as name:
        return _refused(lab, name)


def port_closed(lab: BenchLab) -> Sample:
    """A plan towards an address where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with _broken_lab(lab, port=unused.getsockname()[1]) as name:
            return _refused(lab, name)


def silent(lab: BenchLab) -> Sample:
    """A plan towards something that takes the connection and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        with _broken_lab(lab, port=listener.getsockname()[1]) as name:
            return _refused(lab, name)


def wrong_certificate(lab: BenchLab) -> Sample:
    """A plan that trusts another authority than the one that signed the vCenters' certificates."""
    from lab.certificates import ensure_authority

    with _broken_lab(lab) as name:
        folder = lab.laboratory.paths.root.parent / name / "ca"
        shutil.rmtree(folder)
        ensure_authority(folder, name)
        return _refused(lab, name)


@contextmanager
def _broken_lab(lab: BenchLab, *, password: str | None = None, port: int | None = None) -> Iterator[str]:
    """The lab's description under another name, with something wrong in it; its name."""
    name = f"{lab.name}-broken"
    folder = lab.laboratory.paths.root.parent / name
    shutil.rmtree(folder, ignore_errors=True)
    try:
        shutil.copytree(lab.laboratory.paths.ca_file.parent, folder / "ca")
        shutil.copytree(lab.laboratory.paths.secrets, folder / "secrets")
        state = lab.laboratory.state()
        state["ca_file"] = str(folder / "ca" / lab.laboratory.paths.ca_file.name)
        for vcenter in state["vcenters"].values():
            vcenter["port"] = port or vcenter["port"]
        (folder / "lab.json").write_text(json.dumps(state), encoding="utf-8")
        if password:
            for file in (folder / "secrets").iterdir():
                file.write_text(password, encoding="utf-8")
        yield name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refused(lab: BenchLab, name: str) -> Sample:
    command = [str(BIN / "ansible-playbook"), "-i", str(lab.inventory), "playbooks/plan.yml"]
    sample = run(command, environment={"KYOTSU_LAB": name})
    if sample.code == 0 or "Traceback" in sample.output or "vc-" not in sample.output:
        raise BenchFailed(
            f"one clear message and a failure were expected, exit {sample.code}:\n{sample.output[-2000:]}"
        )
    return sample


BARS = (
    Bar("plan", "no-op plan of the estate, ansible-playbook", 4, plan),
    Bar("inventory", "ansible-inventory --list", 2, inventory),
    Bar("collect", "one sample of everything, ansible-playbook", 5, collect),
    Bar("validate", "scripts/validate.py", 2, validate),
    Bar("validate-copy", "the same on files never read before", 2, validate_copy),
    Bar("validate-large", f"the same, {SYSTEMS_OF_LARGE_ESTATE} systems", 6, validate_large, peak_limit_mib=500),
    Bar("patch-plan", "a round of patches planned, 10,433 machines", 10, planner_bars.planned),
    Bar("wrong-password", "wrong password, ansible-playbook", 15, wrong_password),
    Bar("wrong-certificate", "wrong certificate, ansible-playbook", 15, wrong_certificate),
    Bar("port-closed", "vCenter not there, ansible-playbook", 15, port_closed),
    Bar("silent", "vCenter never answers, ansible-playbook", 15, silent),
    Bar("capacity", "capacity_report.py, as described", 1.5, capacity_bars.described),
    Bar("capacity-live", "the same, live", 4, capacity_bars.live),
    Bar(
        "capacity-history",
        "the same, 5 years of 10,433 machines",
        10,
        capacity_bars.history,
        peak_limit_mib=capacity_bars.HISTORY_PEAK_MIB,
    ),
    Bar("demo", "second make demo", 60, demo),
    Bar("review", "make review of one line", 3, change_bars.review),
    Bar("change", "make change of one line, molecule too", 75, change_bars.change_of_systems, most_runs=2),
    Bar("guest", "one guest, power-on to SSH", 3, guest_bars.one, boots_guests=True),
    Bar(
        "guests",
        "all Linux machines, provision to SSH",
        240,
        guest_bars.every,
        peak_limit_mib=guest_bars.PEAK_MIB,
        most_runs=1,
        boots_guests=True,
    ),
    Bar(
        "patch",
        f"patch {GUESTS} guests, end to end",
        360,
        patch_bars.forty,
        most_runs=1,
        boots_guests=True,
    ),
    Bar(
        "tape-share",
        "10 streams to tape beside local files",
        math.inf,
        tape_bars.share,
        least_share=tape_path.LEAST_SHARE,
        most_runs=1,
        pending="never measured on a quiet machine: 77% in one round of 60 MB streams at a load of 27 (2026-11-24)",
    ),
    Bar(
        "tape-memory",
        "MiB more for a disk 8 times as large, to tape",
        300,
        tape_bars.memory,
        peak_limit_mib=tape_path.MOST_GROWTH_MIB,
        most_runs=1,
    ),
    Bar("lint-unit", "make lint and make unit", 180, change_bars.lint, most_runs=1),
)


def possible(bars: Sequence[Bar], lacking: Sequence[str]) -> tuple[list[Bar], list[str], str]:
    """Bars that this machine can be asked for, names of those it cannot, and why; `lacking` is what guests miss."""
    skipped = [bar.name for bar in bars if bar.boots_guests and lacking]
    return [bar for bar in bars if bar.name not in skipped], skipped, "; ".join(lacking) if skipped else ""


# --- measuring and telling ----------------------------------------------------------------------------------------


def measure(bar: Bar, lab: BenchLab, calibration: Calibration, runs: int) -> Verdict:
    """One warm-up, then so many samples (at most the bar's own number), each with a calibration before it."""
    say(f"  … {bar.title}")
    runs = min(runs, bar.most_runs or runs)
    if bar.most_runs != 1:
        bar.sample(lab)
    before = len(calibration.samples)
    samples = []
    for _ in range(runs):
        calibration.sample()
        samples.append(bar.sample(lab))
    beside = [sample.seconds for sample in calibration.samples[before:]]
    return Verdict(bar, summarise(samples), statistics.median(beside))


def table(verdicts: Sequence[Verdict]) -> str:
    """Bar, limit, median, least, most, verdict and calibration; seconds."""
    width = max(len(verdict.bar.title) for verdict in verdicts)
    columns = f"{'runs':>4} {'limit':>6} {'median':>7} {'min':>6} {'max':>6} {'computing':>10} {'calibration':>12}"
    head = f"{'bar':<{width}} {columns}  verdict"
    lines = [head, "-" * len(head)]
    for verdict in verdicts:
        summary = verdict.summary
        least, share = verdict.bar.least_share, summary.share
        limit = f"{verdict.bar.limit_seconds:.3g}" if least is None else f"{least:.0%}"
        median = f"{summary.median:.2f}" if share is None else f"{share:.0%}"
        lines.append(
            f"{verdict.bar.title:<{width}} {summary.runs:>4} {limit:>6} {median:>7} "
            f"{summary.low:>6.2f} {summary.high:>6.2f} {summary.cpu:>10.2f} "
            f"{verdict.calibration_seconds:>12.2f}  {verdict.word}"
        )
    low, high = REFERENCE_SECONDS
    lines.append(
        "\nSeconds; computing is what the command itself used of the cores. Calibration: an empty ansible-playbook "
        f"between the samples; reference: {low} to {high} s."
    )
    lines.append(
        "validate reads and checks every file anew: it has no cache (Python's own bytecode is cached as always)."
    )
    return "\n".join(lines)


def report(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The same as data."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "reference_s": list(REFERENCE_SECONDS),
        "bars": [
            {
                "bar": verdict.bar.name,
                "title": verdict.bar.title,
                "limit_s": None if math.isinf(verdict.bar.limit_seconds) else verdict.bar.limit_seconds,
                "least_share": verdict.bar.least_share,
                "limit_mib": verdict.bar.peak_limit_mib,
                **verdict.summary.as_data(),
                "calibration_s": round(verdict.calibration_seconds, 3),
                "verdict": verdict.word,
            }
            for verdict in verdicts
        ],
    }


def write_report(content: dict[str, Any], name: str) -> Path:
    """Write a report of the bench and return its path."""
    REPORTS.mkdir(exist_ok=True)
    path = REPORTS / name
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def main() -> int:
    """Exit 0 when every bar that can run here is met or its miss explained by the machine, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=[bar.name for bar in BARS], help="only this bar; repeatable")
    parser.add_argument("--runs", type=int, default=5, help="samples per bar after the warm-up (default: 5)")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs: at least 1")
    asked = [bar for bar in BARS if (bar.name in arguments.only if arguments.only else not bar.pending)]
    chosen, skipped, reason = possible(asked, requirements.missing())
    for bar in BARS:
        if bar.pending and bar not in asked:
            print(f"pending: {bar.name}: {bar.pending}")
    if skipped:
        print(f"skipped: {', '.join(skipped)}: cannot run here: {reason}")
    if not chosen:
        return 1  # who asked for nothing else was not served
    started = time.monotonic()
    try:
        with Calibration() as calibration, bench_lab(LAB) as lab:
            say("  … foundation and machines of the whole estate")
            lab.foundation()
            lab.provision()
            verdicts = [measure(bar, lab, calibration, arguments.runs) for bar in chosen]
    except (BenchFailed, LabError) as error:
        print(f"bars: {error}", file=sys.stderr)
        return 1
    print(table(verdicts))
    path = write_report({**report(verdicts), "skipped": skipped, "skipped_because": reason}, "bars.json")
    missed = [verdict.bar.name for verdict in verdicts if verdict.fails]
    told = f"skipped: {', '.join(skipped)}; " if skipped else ""
    print(f"{told}{'missed: ' + ', '.join(missed) if missed else 'no bar missed'}; {path.relative_to(ROOT)}")
    say(f"({time.monotonic() - started:.0f} s)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
