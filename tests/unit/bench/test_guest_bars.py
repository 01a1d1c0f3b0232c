"""Which guests the bar "all Linux machines" waits for."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from lab import verify
from tests.bench.guest_bars import linux_machines
from tests.support.small_estate import ROOT


def test_all_linux_machines_are_those_that_are_on_but_windows() -> None:
    estate = load_estate(ROOT).estate
    names = linux_machines(estate)
    windows = {
        machine.name for _, machine in estate.machines() if estate.image_by_id[machine.image].os_family == "windows"
    }
    on = {each["name"] for each in verify.described(ROOT).values() if each["power"] == "poweredOn"}
    assert windows
    assert names == on - windows
    assert len(names) > 100
