"""A wave of forty real guests, patched in one run: three come to grief, and each is seen in the guest itself.

One gets a bad package and goes back to its snapshot, one has no room on its disk, one does not answer. Then a tight
budget stops what is left before its next batch, and a last run finishes the wave. The bar of patching
(tests/bench/patch_bars.py) runs this file and takes its seconds from the first test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.desired import machine_order
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import Snapshot, read_snapshots
from tests.support.estate_lab import machines_of, wait_until
from tests.support.guest_lab import needs_guests
from tests.support.patch_lab import ROUND, VCENTER, PatchLab, patch_lab
from tests.support.patch_wave import (
    CONTENT,
    FEW,
    GUESTS,
    Cost,
    Trouble,
    make_trouble,
    mend,
    patched,
    prepare,
    trouble_of,
    wave_machines,
)
from tests.support.small_estate import ROOT

ESTATE = load_estate(ROOT).estate
EVERYBODY = wave_machines(ESTATE, GUESTS + FEW)
NAMES, SMALL_WAVE = EVERYBODY[:GUESTS], EVERYBODY[GUESTS:]
TROUBLE = trouble_of(ESTATE, NAMES)
REST = [TROUBLE.silent, TROUBLE.bad, TROUBLE.full]  # in the order of their batches
GOOD = [name for name in NAMES if name not in REST]
SERVICE, BASELINE, PATCHED = "kyotsu-sample-service", "1.0", "1.1"
_PACKAGES, _BOOT = "dpkg-query --show --showformat '${Package} ${Version}\\n'", "cut -d' ' -f22 /proc/1/stat"
# What the fixed part of a run and the shares of its batches may make of the cost of a guest.
_MOST_GROWTH = 1.15
_LOOK = f"{_PACKAGES}; echo; {_BOOT}; kyotsu-health; echo"  # what it says counts, whatever it ends with

pytestmark = needs_guests


@dataclass(frozen=True)
class Guest:
    """A guest as it tells of itself, past Ansible."""

    packages: dict[str, str]
    boot: str
    health: str


def look(lab: PatchLab, names: Sequence[str]) -> dict[str, Guest]:
    """Ask each guest over a connection of its own."""

    def one(name: str) -> Guest:
        listed, _, rest = lab.say(name, _LOOK).partition("\n\n")
        boot, _, health = rest.partition("\n")
        return Guest(dict(line.split() for line in listed.splitlines()), boot, health)

    with ThreadPoolExecutor(8) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def snapshots(lab: PatchLab) -> dict[str, tuple[Snapshot, ...]]:
    """Of each machine of the wave, as vCenter tells them."""
    with lab.services.estate_lab.session(VCENTER) as session:
        references = {each._moId: each.name for each in machines_of(session) if each.name in NAMES}
        return {references[machine]: found for machine, found in read_snapshots(session, references).items()}


def outcomes(lab: PatchLab, position: int) -> dict[str, MachineOutcome]:
    """Of the run at this position, by name."""
    return lab.outcomes(lab.runs(ROUND)[position])


@dataclass
class Seen:
    """The lab, what the guests were like before anything was patched, and what the first run has cost."""

    lab: PatchLab
    trouble: Trouble
    before: dict[str, Guest]
    files_of_bad: str
    cost: Cost | None = None


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The tests of this file follow one another."""
    with patch_lab(tmp_path_factory.mktemp("wave"), "patch-wave", EVERYBODY) as lab:
        prepare(lab, ESTATE, EVERYBODY)
        before = look(lab, EVERYBODY)
        assert {each.packages[SERVICE] for each in before.values()} == {BASELINE}
        make_trouble(lab, TROUBLE)  # the sources of the bad one are among its files
        yield Seen(lab, TROUBLE, before, lab.files(TROUBLE.bad))


def test_01_forty_guests_in_one_run_and_three_of_them_come_to_grief(
    wave: Seen, record_property: Callable[[str, object], None]
) -> None:
    cost = wave.cost = patched(wave.lab, NAMES, budget=1)
    for name, value in (("seconds", cost.seconds), ("cpu_seconds", cost.cpu_seconds), ("told", cost.told())):
        record_property(name, value)
    assert cost.finished.code == 2, cost.finished.output
    (evidence,) = wave.lab.runs(ROUND)
    found = wave.lab.outcomes(evidence)
    assert {name: each.result for name, each in found.items()} == {
        **dict.fromkeys(GOOD, Result.PATCHED),
        **wave.trouble.results,
    }, cost.finished.output
    assert evidence.content == CONTENT
    assert evidence.stopped == ""
    # Unreachable is counted as such: neither a success nor a failure of the patch.
    counts = {Result.PATCHED: len(GOOD), Result.ROLLED_BACK: 1, Result.SKIPPED: 1, Result.UNREACHABLE: 1}
    assert evidence.counts() == Counter(counts)


def test_02_each_good_guest_has_the_new_packages_another_boot_and_is_healthy(wave: Seen) -> None:
    now, found = look(wave.lab, GOOD), outcomes(wave.lab, 0)
    for name in GOOD:
        assert now[name].packages[SERVICE] == PATCHED, name
        assert now[name].boot != wave.before[name].boot, name
        assert now[name].health.startswith("OK "), (name, now[name].health)
        after = found[name].after
        assert after is not None
        assert after.packages == now[name].packages, name
        assert found[name].cves_closed, name


def test_03_the_bad_one_is_as_before_and_healthy_and_its_owner_is_told_why(wave: Seen) -> None:
    bad = wave.trouble.bad
    now, outcome = look(wave.lab, [bad])[bad], outcomes(wave.lab, 0)[bad]
    assert now.packages == wave.before[bad].packages
    assert wave.lab.files(bad) == wave.files_of_bad
    assert now.health.startswith("OK ")
    assert now.boot != wave.before[bad].boot
    assert "not healthy: FAIL kyotsu-sample-service 1.2" in outcome.reason
    assert outcome.logs


def test_04_the_full_one_was_not_touched(wave: Seen) -> None:
    full = wave.trouble.full
    now, outcome = look(wave.lab, [full])[full], outcomes(wave.lab, 0)[full]
    assert (now.packages, now.boot) == (wave.before[full].packages, wave.before[full].boot)
    assert "make room first" in outcome.reason
    assert any(full in finding for finding in wave.lab.runs(ROUND)[0].findings)


def test_05_each_that_was_touched_has_one_snapshot_of_this_run_and_the_others_none(wave: Seen) -> None:
    run_id = wave.lab.runs(ROUND)[0].run_id
    for name, found in snapshots(wave.lab).items():
        labels = [each.label.run_id if each.label else "" for each in found]
        assert labels == ([] if name in (wave.trouble.full, wave.trouble.silent) else [run_id]), name


def test_06_canary_first_tiers_in_order_and_never_both_of_a_pair(wave: Seen) -> None:
    batches = {name: each.batch for name, each in outcomes(wave.lab, 0).items()}
    assert Counter(batches.values())[1] <= 4
    for system in {ESTATE.machine_by_name[name][0].id: ESTATE.machine_by_name[name][0] for name in NAMES}.values():
        mine = [machine for machine in system.machines if machine.name in batches]
        for one in mine:
            for other in mine:
                if machine_order(system, one) < machine_order(system, other):
                    assert batches[one.name] < batches[other.name], (one.name, other.name)
                if one is not other and one.pair is not None and one.pair == other.pair:
                    assert batches[one.name] != batches[other.name], (one.name, other.name)


def test_07_a_tight_budget_stops_the_next_batch_and_its_guest_stays_as_it_was(wave: Seen) -> None:
    lab, trouble = wave.lab, wave.trouble
    for operation in ("PowerOffVM_Task", "PowerOnVM_Task"):  # somebody switches the silent one off and on
        lab.services.power(VCENTER, trouble.silent, operation)
    wait_until(partial(lab.services.answers, trouble.silent), f"{trouble.silent} answers")
    assert look(lab, [trouble.silent])[trouble.silent].packages == wave.before[trouble.silent].packages
    lab.say(trouble.full, "rm /full")

    finished = patched(lab, REST, budget=0, canary=1).finished
    assert finished.code == 2, finished.output
    evidence = lab.runs(ROUND)[1]
    found = lab.outcomes(evidence)
    wanted = [Result.PATCHED, Result.ROLLED_BACK, Result.SKIPPED]
    assert [found[name].result for name in REST] == wanted, [found[name].reason for name in REST]
    assert evidence.stopped == "1 rolled back (budget 0)"
    assert "not begun: 1 rolled back (budget 0)" in found[trouble.full].reason
    now = look(lab, REST)
    assert now[trouble.silent].packages[SERVICE] == PATCHED
    assert now[trouble.bad].packages == wave.before[trouble.bad].packages
    full = now[trouble.full]
    assert (full.packages, full.boot) == (wave.before[trouble.full].packages, wave.before[trouble.full].boot)
    assert snapshots(lab)[trouble.full] == ()


def test_08_a_last_run_finishes_the_wave_and_touches_no_finished_guest(wave: Seen) -> None:
    lab = wave.lab
    mend(lab, wave.trouble)
    done = look(lab, GOOD)
    finished = patched(lab, NAMES, budget=0).finished
    assert finished.code == 0, finished.output
    assert {name for name, each in outcomes(lab, 2).items() if each.batch} == {wave.trouble.bad, wave.trouble.full}
    now = look(lab, NAMES)
    assert {each.packages[SERVICE] for each in now.values()} == {PATCHED}
    assert {name for name, each in now.items() if not each.health.startswith("OK ")} == set()
    assert {name: now[name].boot for name in GOOD} == {name: done[name].boot for name in GOOD}


def test_09_a_guest_costs_as_much_in_a_small_wave_as_in_the_large_one(
    wave: Seen, record_property: Callable[[str, object], None]
) -> None:
    few = patched(wave.lab, SMALL_WAVE, budget=0)
    record_property("told", few.told())
    assert few.finished.code == 0, few.finished.output
    assert {each.result for each in outcomes(wave.lab, 3).values() if each.batch} == {Result.PATCHED}
    assert {each.packages[SERVICE] for each in look(wave.lab, SMALL_WAVE).values()} == {PATCHED}
    large = wave.cost
    assert large is not None, "nobody knows what a guest of the large wave costs: its test failed"
    assert large.each < few.each * _MOST_GROWTH, f"it grows: {few.told()}; {large.told()}"
    assert large.each_guest < few.each_guest * _MOST_GROWTH, f"it grows: {few.told()}; {large.told()}"
