#!/usr/bin/env python3
"""Measure at 164, 2,500 and 10,433 machines, beside what users would pick instead, on the same labs in the same run.

The first size is the estate of this repository; the others are made of it (tests/bench/estates.py). Every number is the
median of several runs after a warm-up; an empty ansible-playbook between them tells what the machine takes for nothing.

Examples:
  tests/bench/bench.py --write-docs
  tests/bench/bench.py --sizes 164 2500 --runs 3
  tests/bench/bench.py --sizes 10433 --keep       build the world once (some minutes) and use it again next time
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from lab.errors import LabError
from tests.bench import alternatives, tapedocs
from tests.bench.bars import write_report
from tests.bench.benchdocs import ROWS, markdown, table
from tests.bench.benchlab import BenchLab, bench_lab
from tests.bench.estates import scaled_estate
from tests.bench.measure import (
    BIN,
    REFERENCE_SECONDS,
    REPORTS,
    ROOT,
    BenchFailed,
    Calibration,
    Sample,
    machine,
    repeat,
    run,
    say,
    succeed,
    summarise,
)

DOCS = tapedocs.PAGE
SIZES = (0, 2500, 10433)  # 0: the estate of the repository
COLLECTOR_SECONDS = 15  # the bar of the collector's read, at every size
# As on a real vCenter: a call 20 ms, a task 2 s.
CALL_MS = 20
TASK_MS = 2000
TASKS = {"ReconfigVm": TASK_MS, "PowerOn": TASK_MS}
# The simulator keeps the template locked while a delayed clone runs, so that clones of one template would wait for each
# other, which vCenter does not do. The call waits instead.
METHODS = {"CloneVM_Task": TASK_MS}
LONGEST_DELAYED_SECONDS = 240
MODULE_MACHINES = 10
# Above this an alternative would take minutes for what the smaller sizes show already.
LARGEST_FOR_ALTERNATIVES = 2500


@dataclass
class Measured:
    """All numbers of one size, by the name of the row; seconds unless the row says otherwise."""

    machines: int
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, row: str, action: Callable[[], Sample], runs: int) -> None:
        """Measure a row; a failure is kept as its reason, so that one broken tool does not cost the whole run."""
        say(f"    {self.machines}: {ROWS[row]}")
        try:
            self.rows[row] = summarise(repeat(action, runs)).as_data()
        except BenchFailed as error:
            self.fail(row, str(error))

    def fail(self, row: str, reason: str) -> None:
        """Keep why there is no number."""
        self.rows[row] = {"failed": reason}
        self.notes.append(f"{ROWS[row]}: {reason.strip().splitlines()[-1]}")
        say(f"    {ROWS[row]}: {reason}")


# --- ours ---------------------------------------------------------------------------------------------------------


def probe(lab: BenchLab, what: str) -> tuple[Sample, dict[str, Any]]:
    """A measurement in a process of its own: its time inside, its memory, and what it printed."""
    command = [str(BIN / "python"), "tests/bench/probe.py", lab.name, str(lab.repository), what]
    sample = succeed(run(command, environment=lab.environment), f"probe {what}")
    result = json.loads(sample.output.splitlines()[-1])
    return replace(sample, seconds=result["inner_s"]), result


def measure_ours(lab: BenchLab, measured: Measured, runs: int) -> None:
    """Everything of this repository on a provisioned lab."""
    validate = [str(BIN / "python"), "scripts/validate.py", "--repository", str(lab.repository)]
    measured.add("validate", lambda: succeed(run(validate), "validate"), runs)
    for row in ("load", "read-cold", "read-warm", "usage-cold", "usage-warm", "plan"):
        measured.add(row, lambda row=row: probe(lab, row)[0], runs)  # type: ignore[misc]  # a default binds the name
    measured.add("inventory", lab.inventory_list, runs)
    measured.add("playbook", lambda: succeed(lab.playbook("plan.yml"), "plan.yml"), runs)
    for row in ("read-cold", "read-warm", "usage-cold", "usage-warm", "plan"):
        lab.reset_counters()
        probe(lab, row)
        measured.rows[f"calls-{row}"] = {"count": lab.counted("total")}
    measured.rows["simulator-memory"] = {"mib": round(_simulator_mib(lab), 1)}


def _simulator_mib(lab: BenchLab) -> float:
    return sum(lab.laboratory.process(each).resident_bytes() for each in lab.laboratory.vcenters()) / 1024 / 1024


def measure_creation(lab: BenchLab, measured: Measured, row: str) -> None:
    """Foundation and machines on an empty lab, once: machines per second and the concurrency reached."""
    say(f"    {measured.machines}: {ROWS[row]}")
    lab.foundation()
    before = lab.machines()
    lab.reset_counters()
    if row == "create-delayed":
        lab.delays(all_ms=CALL_MS, methods=METHODS, tasks=TASKS)
    started = time.perf_counter()
    try:
        lab.provision()
    finally:
        lab.delays()
    seconds = time.perf_counter() - started
    made = lab.machines() - before
    numbers: dict[str, Any] = {"seconds": round(seconds, 1), "machines": made, "per_s": round(made / seconds, 2)}
    if row == "create-delayed":
        methods = [control.counters()["methods"] for control in lab.controls]
        tasks = sum(int(count) for each in methods for name, count in each.items() if name.endswith("_Task"))
        alone = (lab.counted("total") * CALL_MS + tasks * TASK_MS) / 1000
        numbers |= {"one_by_one_s": round(alone), "concurrency": round(alone / seconds, 1)}
    measured.rows[row] = numbers


# --- the others ---------------------------------------------------------------------------------------------------


def measure_alternatives(lab: BenchLab, measured: Measured, runs: int) -> None:
    """govc, pyVmomi and the collections on the same lab."""
    for row in ("pyvmomi-leaf", "pyvmomi-devices"):
        measured.add(row, lambda row=row: probe(lab, row)[0], runs)  # type: ignore[misc]  # a default binds the name
    try:
        binary = alternatives.ensure_govc()
    except BenchFailed as error:
        for row in ("govc-leaf", "govc-devices"):
            measured.fail(row, f"not installed: {error}")
    else:
        measured.add("govc-leaf", lambda: alternatives.govc(lab, binary, devices=False), runs)
        measured.add("govc-devices", lambda: alternatives.govc(lab, binary, devices=True), runs)
    try:
        alternatives.ensure_collections()
    except BenchFailed as error:
        for row in ("vm-inventory", "vm-module"):
            measured.fail(row, f"not installed: {error}")
        return
    measured.add("vm-inventory", lambda: alternatives.vm_inventory(lab), max(1, min(runs, 3)))
    measured.add("vm-module", lambda: alternatives.vm_module(lab, MODULE_MACHINES), 1)
    if "median_s" in measured.rows["vm-module"]:
        measured.rows["vm-module-each"] = _per_machine(lab, measured.rows["vm-module"]["median_s"])


def _per_machine(lab: BenchLab, seconds: float) -> dict[str, Any]:
    """What each further machine of the loop costs: the start of Ansible is not held against it."""
    one = alternatives.vm_module(lab, 1).seconds
    return {"seconds": round((seconds - one) / (MODULE_MACHINES - 1), 3)}


# --- a size -------------------------------------------------------------------------------------------------------


def measure_size(machines: int, options: argparse.Namespace, calibration: Calibration) -> Measured:
    """One size: make the world, measure, take it down."""
    repository = ROOT if not machines else ROOT / ".cache/bench" / f"estate-{machines}"
    name = f"bench-{machines or 'estate'}"
    is_known = options.keep and (ROOT / ".lab" / name / "lab.json").exists() and repository.exists()
    if machines and not is_known:
        say(f"  an estate of {machines} machines")
        scaled_estate(repository, machines)
    measured = Measured(machines or _count(ROOT))
    say(f"  {measured.machines} machines, lab {name}")
    with bench_lab(name, repository, keep=options.keep) as lab:
        if is_known:
            lab.foundation()
            lab.provision()
        else:
            measure_creation(lab, measured, "create")
        for _ in range(3):
            calibration.sample()
        measure_ours(lab, measured, options.runs)
        if measured.machines <= LARGEST_FOR_ALTERNATIVES and not options.only_ours:
            measure_alternatives(lab, measured, options.runs)
        for _ in range(2):
            calibration.sample()
    if _expected_delayed_seconds(measured) <= LONGEST_DELAYED_SECONDS:
        with bench_lab(f"{name}-delayed", repository) as lab:
            measure_creation(lab, measured, "create-delayed")
    return measured


def _expected_delayed_seconds(measured: Measured) -> float:
    """Three tasks and a dozen calls per machine; one vCenter has most of them and works on 32 at a time."""
    return measured.machines * (3 * TASK_MS + 12 * CALL_MS) / 1000 / 32


def _count(repository: Path) -> int:
    from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate

    return sum(1 for _ in load_estate(repository).estate.machines())


def _sizes(words: list[int]) -> list[int]:
    real = _count(ROOT)
    return [0 if size in (0, real) else size for size in words]


def _earlier() -> list[dict[str, Any]]:
    """The sizes of the last report."""
    report = REPORTS / "bench.json"
    if not report.exists():
        return []
    found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["sizes"]
    return found


def _content(
    earlier: list[dict[str, Any]], sizes: list[Measured], calibration: Calibration, runs: int
) -> dict[str, Any]:
    fresh = [{"machines": each.machines, "rows": each.rows, "notes": each.notes} for each in sizes]
    again = {each["machines"] for each in fresh}
    kept = [each for each in earlier if each["machines"] not in again]
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "calibration_s": round(statistics.median(sample.seconds for sample in calibration.samples), 3),
        "calibration_cpu_s": round(statistics.median(sample.cpu_seconds for sample in calibration.samples), 3),
        "runs": runs,
        "alternatives": alternatives.versions(),
        "sizes": sorted([*kept, *fresh], key=lambda each: int(each["machines"])),
    }


def missed_bars(content: dict[str, Any]) -> list[str]:
    """The collector's bar: size and use of any estate in 15 s, by as many calls whatever its size; what misses it.

    A machine that is slower than the reference has as much more time, as in bars.py.
    """
    allowed = COLLECTOR_SECONDS * max(1.0, content["calibration_s"] / REFERENCE_SECONDS[1])
    lines = []
    for each in content["sizes"]:
        for row in ("usage-cold", "usage-warm"):
            seconds = each["rows"].get(row, {}).get("median_s")
            if seconds is not None and seconds > allowed:
                lines.append(f"{ROWS[row]}: {seconds:.1f} s at {each['machines']} machines, allowed {allowed:.1f} s")
    for row in ("calls-usage-cold", "calls-usage-warm"):
        counts = {each["machines"]: each["rows"][row]["count"] for each in content["sizes"] if row in each["rows"]}
        if len(set(counts.values())) > 1:
            lines.append(f"{ROWS[row]}: not the same at every size: {counts}")
    return lines


def main() -> int:
    """Exit 0 when everything was measured or its absence explained, 1 when the bench failed or a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=list(SIZES), help="machines; 0: the repository's estate"
    )
    parser.add_argument("--runs", type=int, default=3, help="samples per row after the warm-up (default: 3)")
    parser.add_argument("--keep", action="store_true", help="keep the labs' worlds under .lab/ and use them again")
    parser.add_argument("--add", action="store_true", help="keep the other sizes of the last reports/bench.json")
    parser.add_argument("--only-ours", action="store_true", help="leave the alternatives out")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    started = time.monotonic()
    earlier = _earlier() if options.add else []
    sizes: list[Measured] = []
    try:
        with Calibration() as calibration:
            for size in _sizes(options.sizes):
                sizes.append(measure_size(size, options, calibration))
                # Kept after each size: a later one that fails costs only itself.
                content = _content(earlier, sizes, calibration, options.runs)
                path = write_report(content, "bench.json")
                if options.write_docs:
                    DOCS.write_text(
                        markdown(content, tapedocs.kept(DOCS.read_text(encoding="utf-8"))), encoding="utf-8"
                    )
    except (BenchFailed, LabError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(table(content))
    missed = missed_bars(content)
    for line in missed:
        print(f"MISSED: {line}")
    print(f"\n{path.relative_to(ROOT)}, {time.monotonic() - started:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
