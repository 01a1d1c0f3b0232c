"""Bars of the validation: the estate under a second, 1,000 system files under 6 s and 500 MB."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.support.large_estate import make_large
from tests.support.small_estate import AS_OF, ROOT

RUN = """
import json, resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"exit": end.code, "peak_kib": peak}))
"""


def validate(repository: Path) -> tuple[float, str, dict[str, int]]:
    """(seconds of the whole command, its last line, exit code and peak memory)."""
    start = time.perf_counter()
    command = [sys.executable, "-c", RUN, str(ROOT / "scripts/validate.py"), "--repository", str(repository)]
    result = subprocess.run([*command, "--as-of", AS_OF.isoformat()], capture_output=True, text=True, check=True)
    *_, last, numbers = result.stdout.splitlines()
    return time.perf_counter() - start, last, json.loads(numbers)


def test_the_estate_of_the_repository_in_a_second() -> None:
    seconds, last, numbers = validate(ROOT)
    print(f"{seconds:.2f} s, {numbers['peak_kib'] // 1024} MiB: {last}")
    assert numbers["exit"] == 0
    assert seconds < 1


def test_a_thousand_systems_in_six_seconds_and_500_megabytes(tmp_path: Path) -> None:
    seconds, last, numbers = validate(make_large(tmp_path, 1000))
    print(f"{seconds:.2f} s, {numbers['peak_kib'] // 1024} MiB: {last}")
    assert last.startswith("1015 files, 3000 machines, 0 desktop pools: 0 errors, 0 warnings")
    assert numbers["exit"] == 0
    assert seconds < 6
    assert numbers["peak_kib"] < 500 * 1000
