"""What the bars of the tape path measure: its share of what the tape software reaches alone, and its memory.

Each runs `tape_streams.py` as a program of its own: the most memory that a process had tells nothing once it has done
something else.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.bench.benchlab import BenchLab
from tests.bench.measure import BIN, ROOT, BenchFailed, Sample, run, say

_SECONDS = 1800


def share(_lab: BenchLab) -> Sample:
    """Ten streams over two drives, from leases and from local files of equal bytes; `share` is the median of rounds."""
    sample, found = _run("share")
    rounds = found["rounds"]
    say(f"    {found['share']:.0%} of {rounds[0]['megabytes'] / rounds[0]['local_seconds']:.0f} MB/s from local files")
    return replace(sample, share=float(found["share"]))


def memory(_lab: BenchLab) -> Sample:
    """How much more memory the path takes for a disk eight times as large: MiB of the process that grew most."""
    sample, found = _run("memory")
    return replace(sample, peak_mib=float(found["growth_mib"]))


def _run(what: str) -> tuple[Sample, dict[str, Any]]:
    """The program and its numbers. It ends with 1 where a bar is missed as well, which is for the bar to say."""
    command = [str(BIN / "python"), str(ROOT / "tests/bench/tape_streams.py"), "--only", what, "--json"]
    sample = run(command, timeout_seconds=_SECONDS)
    lines = [line for line in sample.output.splitlines() if line.startswith('{"share"')]
    if len(lines) != 1:
        raise BenchFailed(f"tape_streams.py ended with {sample.code}:\n{sample.output[-3000:]}")
    return replace(sample, code=0), json.loads(lines[0])
