"""What ever lay on a medium: what nobody can tell counts as the highest."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Equipment
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.assets import Asset
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import treatments
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.placements import on_disks, on_tapes
from tests.support.builders import make_estate, make_machine, make_system
from tests.support.tapes import make_copy

ORDER = ("3A", "3B", "3C", "2", "1")


EQUIPMENT = Equipment(
    id="kyotsu", name="機器", name_en="Equipment", terms=(), successor_custodian=None, basis="assumed"
)


def estate(**fields: Any) -> Estate:
    return make_estate(make_system("s01", make_machine(), **fields), equipment=(EQUIPMENT,))


def asset(equipment: str, *datastores: str) -> Asset:
    return Asset(serial="D1", kind="disk", equipment=equipment, datastores=frozenset(datastores))


def test_a_disk_carries_what_is_described_on_its_equipment_also_what_is_retired() -> None:
    made = estate(status="retired")
    placed = list(on_disks(made, [asset("kyotsu")]))
    assert "s01" in {each.system for each in placed}


def test_a_disk_of_an_equipment_that_nobody_describes_is_destroyed() -> None:
    (treatment,) = treatments(on_disks(estate(), [asset("nobody")]), ORDER)
    assert treatment.method == "destroy"


def test_the_record_of_the_equipment_counts_when_its_systems_are_forgotten() -> None:
    # No class is recorded of it: nobody says that it was less.
    made = dataclasses.replace(estate(), systems=())
    (treatment,) = treatments(on_disks(made, [asset("kyotsu")]), ORDER)
    assert treatment.method == "destroy"


def test_tapes_of_a_list_are_not_taken_for_disks() -> None:
    tape = Asset(serial="T1", kind="tape", equipment="kyotsu", datastores=frozenset())
    assert list(on_disks(estate(), [tape])) == []


def test_a_tape_with_a_copy_of_an_unknown_system_is_destroyed() -> None:
    placed = list(on_tapes(estate(), [make_copy(1, system="s77", tapes=("T1", "T2"))]))
    assert [each.serial for each in placed] == ["T1", "T2"]
    assert {each.method for each in treatments(placed, ORDER)} == {"destroy"}
