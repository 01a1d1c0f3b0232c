"""Until when the last copy of a deleted machine is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Retirement, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case, RetirementEvent
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.last_copies import kept_until, years_later
from tests.support.builders import make_estate, make_machine, make_system

DELETED = Case(
    machine="s01-db-1",
    done={
        "delete": RetirementEvent(
            machine="s01-db-1", step="delete", happened_at=datetime(2027, 1, 4, tzinfo=UTC), by="hanako"
        )
    },
)


def retirement(**fields: Any) -> Retirement:
    return Retirement(
        date="2026-11-30", reason=Text(ja="廃止", en="Gone"), requested_by="室長", approved_by="室長", **fields
    )


def test_the_years_of_the_system_count_from_the_deletion() -> None:
    estate = make_estate(
        make_system("s01", make_machine(), status="retiring", retirement=retirement(last_copy_years=5))
    )
    assert kept_until(estate, {"s01-db-1": DELETED}) == {"s01-db-1": date(2032, 1, 4)}


def test_the_machine_s_own_years_come_first() -> None:
    machine = make_machine(status="retiring", retirement=retirement(last_copy_years=1))
    estate = make_estate(make_system("s01", machine))
    assert kept_until(estate, {"s01-db-1": DELETED}) == {"s01-db-1": date(2028, 1, 4)}


def test_what_nobody_said_is_kept_for_ever() -> None:
    estate = make_estate(make_system("s01", make_machine(), status="retiring", retirement=retirement()))
    assert kept_until(estate, {"s01-db-1": DELETED}) == {"s01-db-1": date.max}


def test_a_machine_that_is_not_deleted_has_no_last_copy_yet() -> None:
    estate = make_estate(make_system("s01", make_machine()))
    assert kept_until(estate, {}) == {}


def test_a_machine_that_was_restored_is_in_service_and_not_deleted_any_more() -> None:
    estate = make_estate(make_system("s01", make_machine()))
    assert kept_until(estate, {"s01-db-1": DELETED}) == {}


def test_a_retired_machine_stays_deleted() -> None:
    estate = make_estate(make_system("s01", make_machine(), status="retired", retirement=retirement(last_copy_years=5)))
    assert kept_until(estate, {"s01-db-1": DELETED}) == {"s01-db-1": date(2032, 1, 4)}


def test_the_day_after_a_leap_day_is_in_march() -> None:
    assert years_later(date(2028, 2, 29), 5) == date(2033, 3, 1)
