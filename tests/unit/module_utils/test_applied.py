"""The state as if a description had been carried out: nothing may differ from it."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.applied import as_applied
from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from tests.support.builders import make_desired_machine, make_desired_vcenter, make_observed_machine
from tests.support.small_estate import ROOT


def test_nothing_differs_from_the_whole_estate_as_applied() -> None:
    estate = inspect(ROOT, date(2026, 11, 24)).estate
    assert estate is not None
    for desired in desired_state(estate, {}):
        observed = as_applied(desired)
        assert observed.machines, "an empty state proves nothing"
        comparison = compare_vcenter(desired, observed)
        assert (comparison.changes, comparison.refusals, comparison.unmanaged) == ((), (), ())


@pytest.mark.parametrize("status", ["planned", "retired"])
def test_what_is_planned_or_retired_is_not_there(status: str) -> None:
    assert as_applied(make_desired_vcenter(make_desired_machine(status=status))).machines == ()


def test_a_machine_that_is_gone_is_not_there() -> None:
    desired = make_desired_vcenter(make_desired_machine(1), make_desired_machine(2))
    assert [each.reference for each in as_applied(desired, gone={"s01-db-1"}).machines] == ["s01-db-2"]


def test_disks_take_the_space_that_is_left() -> None:
    desired = make_desired_vcenter(make_desired_machine())
    assert sum(as_applied(desired).free_gb.values()) == 2000 - 140
    assert as_applied(desired, capacity_gb={"lgwan-fast-01": 5000.0}).free_gb == {"lgwan-fast-01": 4960.0}


def test_a_disk_without_room_still_lies_somewhere() -> None:
    desired = make_desired_vcenter(make_desired_machine(), capacity_gb={"lgwan-fast-01": 1.0, "lgwan-fast-02": 1.0})
    assert {disk.datastore for disk in as_applied(desired).machines[0].disks} == {"lgwan-fast-01"}


def test_it_is_like_what_vcenter_shows() -> None:
    machine = make_desired_machine()
    seen, applied = make_observed_machine(machine), as_applied(make_desired_vcenter(machine)).machines[0]
    for name in ("name", "cluster", "folder", "cpu", "memory_mb", "notes", "tags", "attributes", "power", "guest_id"):
        assert getattr(applied, name) == getattr(seen, name)
