"""What the bar of the patch planner times: one round for 10,433 machines, in this process."""

from __future__ import annotations

import dataclasses
import time
from datetime import date
from functools import cache

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar import turns
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from lab.scratch import scratch_folder
from tests.bench.benchlab import BenchLab
from tests.bench.estates import scaled_estate
from tests.bench.history import MACHINES
from tests.bench.measure import ROOT, BenchFailed, Sample, say

_DAY = date(2026, 11, 24)  # of the round, whenever the bench runs


def planned(_lab: BenchLab) -> Sample:
    """One schedule. The estate is read before; the cache of turns is emptied, so that each sample does all the work."""
    estate = large_estate()
    turns.cache_clear()
    started, cpu = time.perf_counter(), time.process_time()
    schedule = plan_round(estate, as_of=_DAY)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    told = f"{len(schedule.placed)} placed, {len(schedule.unplaced)} not"
    if len(schedule.placed) + len(schedule.unplaced) != MACHINES or len(schedule.placed) < MACHINES // 2:
        raise BenchFailed(f"the schedule is not one of {MACHINES} machines: {told}")
    return Sample(seconds, cpu, 0, 0, told)


@cache
def large_estate() -> Estate:
    """The scaled estate; as many times the machines, as many are patched at once (decision 11)."""
    say(f"  … an estate of {MACHINES} machines")
    real = sum(1 for _ in load_estate(ROOT).estate.machines())
    with scratch_folder("kyotsu-bench-") as folder:
        estate = load_estate(scaled_estate(folder / "estate", MACHINES), use_cache=False).estate
    cycle = estate.platform.patch_cycle
    wider = dataclasses.replace(cycle, machines_at_once=cycle.machines_at_once * -(-MACHINES // real))
    return dataclasses.replace(estate, platform=dataclasses.replace(estate.platform, patch_cycle=wider))
