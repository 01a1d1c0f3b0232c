"""What the bar of patching times: forty guests of one wave, end to end, three of which do not come out well."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from lab.scratch import scratch_folder
from tests.bench.benchlab import BenchLab
from tests.bench.measure import BIN, BenchFailed, Sample, run, say

_TEST = "tests/whole/test_patch_wave.py"
_SECONDS = 1500.0


def forty(_lab: BenchLab) -> Sample:
    """The wave of `make wave`, with all that it holds in the guests; the seconds are those of its run over forty."""
    with scratch_folder("kyotsu-bench-") as folder:
        report = folder / "wave.xml"
        command = [str(BIN / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", _TEST]
        whole = run(command, timeout_seconds=_SECONDS)
        if whole.code or not report.is_file():
            raise BenchFailed(f"{_TEST} fails:\n{whole.output[-6000:]}")
        told = _properties(report)
    for line in told["told"]:
        say(f"    {line}")
    say(f"    {whole.seconds:.0f} s with the lab, its baseline, two more runs and a small wave")
    return Sample(float(told["seconds"][0]), float(told["cpu_seconds"][0]), whole.peak_mib, whole.code, whole.output)


def _properties(report: Path) -> dict[str, list[str]]:
    """What the tests have recorded, by name, in the order of the tests."""
    found: dict[str, list[str]] = {}
    for each in ElementTree.parse(report).iter("property"):
        found.setdefault(each.attrib["name"], []).append(each.attrib["value"])
    return found
