"""The wave that `make wave` and the bar of patching work on is in systems/: they would say so only after minutes."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import patching_of
from tests.support.patch_wave import FEW, GUESTS, WAVE, trouble_of, wave_machines
from tests.support.small_estate import ROOT

ESTATE = load_estate(ROOT).estate


def test_one_wave_has_enough_linux_machines() -> None:
    names = wave_machines(ESTATE, GUESTS + FEW)
    assert len(set(names)) == GUESTS + FEW
    assert {patching_of(*ESTATE.machine_by_name[name]).wave for name in names} == {WAVE}


def test_three_machines_of_one_system_can_come_to_grief_without_one_another() -> None:
    trouble = trouble_of(ESTATE, wave_machines(ESTATE, GUESTS))
    (bad_in, bad), (full_in, full), (silent_in, silent) = (
        ESTATE.machine_by_name[name] for name in (trouble.bad, trouble.full, trouble.silent)
    )
    assert bad_in is full_in is silent_in
    assert bad.stateless, "only such a machine is brought back by itself"
    assert (bad.pair, silent.role) == (full.pair, "db")
    assert bad.name < full.name, "of a pair the first name goes first, and a stop leaves the other as it was"
