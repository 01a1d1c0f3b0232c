"""What the bars of the capacity report time: as described, with the live lab, with years of a large history."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from lab.scratch import scratch_folder
from tests.bench.benchlab import BenchLab
from tests.bench.history import MACHINES, YEARS_5, fill_history
from tests.bench.measure import BIN, ROOT, BenchFailed, Sample, run, say

HISTORY_PEAK_MIB = 1000.0
_OK, _EXCEEDED = 0, 2
_LAST_DAY = date(2026, 11, 23)  # of the history; the report is of the day after, whenever the bench runs


def described(_lab: BenchLab) -> Sample:
    """From the repository alone."""
    return _report("capacity", {})


def live(lab: BenchLab) -> Sample:
    """With every vCenter of the lab asked."""
    arguments = {"--live": str(lab.inventory)}
    return _report("live capacity", arguments, environment=lab.environment)


def history(_lab: BenchLab) -> Sample:
    """With five years of daily history of 10,433 machines."""
    day_after = _LAST_DAY + timedelta(days=1)
    source = f"sqlite:///{_years_of_history()}"
    return _report("capacity with history", {"--history": source, "--as-of": day_after.isoformat()})


def _report(what: str, arguments: dict[str, str], environment: dict[str, str] | None = None) -> Sample:
    with scratch_folder("kyotsu-bench-") as folder:
        file = folder / "report.json"
        command = [str(BIN / "python"), "scripts/capacity_report.py", "--output", str(file)]
        command += [part for pair in arguments.items() for part in pair]
        sample = run(command, environment=environment)
        if sample.code not in {_OK, _EXCEEDED}:
            raise BenchFailed(f"{what} ended with {sample.code}:\n{sample.output[-3000:]}")
        tables = json.loads(file.read_text(encoding="utf-8"))["tables"]
    if "--live" in arguments and None in {row["actual_vcpu"] for row in tables["compared"]["rows"]}:
        raise BenchFailed("the live report lacks machines: was the estate provisioned?")
    if "--history" in arguments and not tables["forecasts"]["rows"]:
        raise BenchFailed("the report with history has no forecast")
    return sample


@cache
def _years_of_history() -> Path:
    """The database, made once: it holds the same in each run."""
    file = ROOT / ".cache" / f"bench-history-{MACHINES}-{_LAST_DAY}.sqlite3"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        say(f"  … {YEARS_5} days of history of {MACHINES} machines (some minutes)")
        half = file.with_suffix(".half")
        half.unlink(missing_ok=True)
        fill_history(half, load_estate(ROOT).estate, machines=MACHINES, days=YEARS_5, last=_LAST_DAY)
        half.replace(file)
    return file
