"""Which system is drilled next, and which are overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import Drill
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_rotation import (
    drilled_machines,
    overdue_lines,
    rotation,
)
from tests.support.small_estate import ROOT

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_estate(Path(ROOT)).estate


def test_every_system_whose_copies_travel_is_in_the_rotation_and_no_other(estate: Estate) -> None:
    dues = rotation(estate, [], NOW, 12)
    assert {each.system for each in dues} == {
        system.id for system in estate.systems if drilled_machines(estate, system)
    }
    assert len(dues) > 3
    # 契約局, 子ども家庭局 and 事業管理室 send theirs to the remote store.
    assert all(each.overdue for each in dues)
    assert len(overdue_lines(dues, NOW)) == len(dues)
    assert overdue_lines(dues, NOW)[0].endswith("never drilled")


def test_the_one_that_waits_longest_is_next(estate: Estate) -> None:
    systems = [each.system for each in rotation(estate, [], NOW, 12)]
    drills = [Drill(system, NOW - timedelta(days=number), True) for number, system in enumerate(systems)]
    assert rotation(estate, drills, NOW, 12)[0].system == systems[-1]
    # One that was never drilled comes before all others.
    assert rotation(estate, drills[1:], NOW, 12)[0].system == systems[0]


def test_a_drill_that_was_not_passed_and_one_of_the_future_do_not_count(estate: Estate) -> None:
    system = rotation(estate, [], NOW, 12)[0].system
    for drill in (Drill(system, NOW - timedelta(days=1), False), Drill(system, NOW + timedelta(days=1), True)):
        (due,) = [each for each in rotation(estate, [drill], NOW, 12) if each.system == system]
        assert (due.last, due.overdue) == (None, True)


def test_a_drill_holds_for_whole_months(estate: Estate) -> None:
    system = rotation(estate, [], NOW, 12)[0].system
    at = datetime(2026, 8, 31, tzinfo=UTC)
    for moment, overdue in ((datetime(2026, 11, 30, tzinfo=UTC), False), (datetime(2026, 12, 1, tzinfo=UTC), True)):
        (due,) = [each for each in rotation(estate, [Drill(system, at, True)], moment, 3) if each.system == system]
        assert due.overdue is overdue, moment
