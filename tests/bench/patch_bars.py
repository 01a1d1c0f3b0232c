"""What the bar of patching times: forty guests of one wave, end to end, three of which do not come out well."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from tests.bench.benchlab import BenchLab
from tests.bench.measure import ROOT, BenchFailed, Sample, say
from tests.support.patch_lab import ROUND, PatchLab, patch_lab
from tests.support.patch_wave import GUESTS, Cost, make_trouble, patched, prepare, trouble_of, wave_machines

# A wave of so few has to cost as much for each guest as the large one does.
FEW = 8
# What the fixed part of a run and the shares of its batches may make of it. CPU seconds, which other programs on the
# machine hardly change.
_MOST_GROWTH = 1.15
_MIB = 1024.0


def forty(_lab: BenchLab) -> Sample:
    """One run over forty guests: one gets the bad package, one has no room, one does not answer."""
    estate = load_estate(ROOT).estate
    everybody = wave_machines(estate, GUESTS + FEW)
    names, few = everybody[:GUESTS], everybody[GUESTS:]
    trouble = trouble_of(estate, names)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        patch_lab(Path(folder), "bars-patch", everybody) as lab,
    ):
        prepare(lab, estate, everybody)
        small = patched(lab, few, budget=0)
        _require(lab, small, 0, {})
        make_trouble(lab, trouble)
        large = patched(lab, names, budget=2)
        _require(lab, large, 1, trouble.results)
    if large.each > small.each * _MOST_GROWTH:
        raise BenchFailed(
            f"a guest of {GUESTS} costs {large.each:.1f} s of CPU, one of {FEW} costs {small.each:.1f} s: it grows"
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _MIB
    return Sample(large.seconds, large.cpu_seconds, peak, large.finished.code, large.finished.output)


def _require(lab: PatchLab, cost: Cost, position: int, wanted: Mapping[str, Result]) -> None:
    """The run at this position has patched its machines, but for those that are to come out in another way."""
    runs = lab.runs(ROUND)
    if len(runs) <= position:
        raise BenchFailed(f"the run has left no evidence:\n{cost.finished.output[-3000:]}")
    found = {each.name: each.result for each in runs[position].machines}
    differing = {name: result.value for name, result in found.items() if result is not wanted.get(name, Result.PATCHED)}
    if differing or len(found) != cost.machines:
        raise BenchFailed(f"{len(found)} machines, not as expected: {differing}\n{cost.finished.output[-3000:]}")
    batches = max(each.batch for each in runs[position].machines)
    say(f"    {cost.machines} guests in {batches} batches: {cost.seconds:.0f} s, {cost.each:.1f} s of CPU each")
