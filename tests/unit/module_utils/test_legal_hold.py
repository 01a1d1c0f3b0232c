"""What a legal hold forbids, and of what."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import (
    DEEDS,
    Deed,
    forbids,
    held_by_law,
    held_machines,
    hold_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold, Text
from tests.support.builders import make_estate, make_machine, make_system

HOLD = LegalHold(since="2026-01-05", reason=Text(ja="訴訟", en="Law suit"), ordered_by="法務課")
OTHER = LegalHold(since="2026-02-01", reason=Text(ja="監査", en="Audit"), ordered_by="監査課")


@pytest.mark.parametrize("deed", DEEDS)
def test_a_hold_forbids_each_deed_and_says_by_whom_since_when_and_why(deed: Deed) -> None:
    found = forbids(HOLD, deed)
    assert found is not None
    assert found.en.startswith("under legal hold (法務課, 2026-01-05): Law suit; ")
    assert found.ja.startswith("保全指定中（法務課、2026-01-05）: 訴訟。")
    assert forbids(None, deed) is None


def test_a_machine_is_held_by_its_own_order_or_by_that_of_its_system() -> None:
    assert hold_of(make_system("s01"), make_machine()) is None
    assert hold_of(make_system("s01", legal_hold=HOLD), make_machine()) == HOLD
    assert hold_of(make_system("s01", legal_hold=HOLD), make_machine(legal_hold=OTHER)) == OTHER


def test_machines_under_a_hold_are_found_by_the_uuid_that_vcenter_shows() -> None:
    one, two = make_machine("s01-db-1", legal_hold=HOLD), make_machine("s01-ap-1", name="s01-ap01")
    estate = make_estate(make_system("s01", one, two))
    assert held_machines(estate) == {estate.instance_uuid(one).lower(): HOLD}


def test_copies_are_held_by_system_or_by_machine() -> None:
    assert held_by_law(make_estate(make_system("s01", make_machine()))) == frozenset()
    assert held_by_law(make_estate(make_system("s01", make_machine(), legal_hold=HOLD))) == {"s01"}
    assert held_by_law(make_estate(make_system("s01", make_machine(legal_hold=HOLD)))) == {"s01-db-1"}
