"""What has to be copied to the off-site pool."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import retention_by_class
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import retained
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.due import due_copies
from tests.support.small_estate import AS_OF, copy_small
from tests.support.tapes import START, make_copy

NOW = START + timedelta(days=3)
# s02 is couriered and of mynumber, s13 is not couriered.
COURIERED: dict[str, Any] = {"machine": "s02-db-1", "system": "s02", "pool": "mynumber-c3-onsite"}


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return load_estate(copy_small(tmp_path_factory.mktemp("due")), as_of=AS_OF).estate


def due(estate: Estate, *copies: Copy, machines: set[str] | None = None) -> list[int]:
    kept = retained(copies, retention_by_class(estate.platform), NOW)
    found = due_copies(estate, copies, standings(copies, (), NOW), kept, machines)
    assert {each.pool for each in found} <= {"mynumber-c3-offsite"}
    return [each.original.id for each in found]


def test_the_machine_that_the_test_uses_is_couriered(estate: Estate) -> None:
    assert "s02-db-1" in {machine.key for _, machine in estate.machines()}


def test_good_copies_without_an_off_site_copy_are_due_oldest_first(estate: Estate) -> None:
    newer = make_copy(2, START + timedelta(days=1), **COURIERED)
    assert due(estate, newer, make_copy(1, **COURIERED)) == [1, 2]


def test_what_has_an_off_site_copy_is_not_due_until_that_one_fails(estate: Estate) -> None:
    onsite = make_copy(1, **COURIERED)
    offsite = {**COURIERED, "restore_point": 1, "offsite": True, "pool": "mynumber-c3-offsite"}
    assert due(estate, onsite, make_copy(2, **offsite)) == []
    assert due(estate, onsite, make_copy(2, **offsite, read_back_at=None)) == []
    assert due(estate, onsite, make_copy(2, **offsite, read_back_ok=False)) == [1]


def test_a_copy_that_was_not_read_back_is_not_copied(estate: Estate) -> None:
    assert due(estate, make_copy(1, **COURIERED, read_back_at=None)) == []


def test_what_retention_no_longer_keeps_is_not_copied(estate: Estate) -> None:
    same_day = [make_copy(number, START + timedelta(hours=number), **COURIERED) for number in (1, 2)]
    assert due(estate, *same_day) == [2]


def test_what_holds_unchanged_disks_goes_first_although_no_rule_keeps_it(estate: Estate) -> None:
    base = make_copy(1, **COURIERED)
    refers = make_copy(2, START + timedelta(hours=1), needs=(1,), **COURIERED)
    assert due(estate, refers, base) == [1, 2]
    away = make_copy(3, **{**COURIERED, "restore_point": 1, "offsite": True, "pool": "mynumber-c3-offsite"})
    assert due(estate, refers, base, away) == [2]


def test_machines_that_are_not_couriered_or_left_out_by_a_limit_are_not_copied(estate: Estate) -> None:
    other = make_copy(1, machine="s13-db-1", system="s13", backup_class="tape-daily", pool="lgwan-c2-onsite")
    assert due(estate, other) == []
    assert due(estate, make_copy(1, **COURIERED), machines={"s13-db-1"}) == []
    assert due(estate, make_copy(1, **COURIERED), machines={"s02-db-1"}) == [1]
