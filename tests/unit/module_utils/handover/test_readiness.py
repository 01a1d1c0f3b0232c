"""What is ready is what the records prove; the countdown is that of the last term."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.handover.readiness import (
    Readiness,
    countdowns,
    readiness,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Equipment, Term
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Retirement, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case, RetirementEvent
from tests.support.builders import make_estate, make_machine, make_system

DAY = date(2025, 9, 1)
PLANNED = Term(start="2018-10-01", end="2025-09-30", basis="report")
EXTENSION = Term(start="2025-10-01", end="2027-09-30", basis="assumed")
GONE: dict[str, Any] = {
    "date": "2025-06-30",
    "reason": Text(ja="廃止", en="Gone"),
    "requested_by": "室長",
    "approved_by": "室長",
}


def equipment(*terms: Term) -> Equipment:
    return Equipment(id="kyotsu", name="機器", name_en="", terms=terms, successor_custodian="org-302", basis="assumed")


def estate(*terms: Term, **fields: Any) -> Estate:
    return make_estate(make_system("s01", make_machine(), **fields), equipment=(equipment(*terms),))


def completed() -> dict[str, Case]:
    event = RetirementEvent(
        machine="s01-db-1", step="complete", happened_at=datetime(2025, 8, 1, tzinfo=UTC), by="hanako"
    )
    return {"s01-db-1": Case(machine="s01-db-1", done={"complete": event})}


def only(made: Estate, cases: dict[str, Case] | None = None, day: date = DAY) -> Readiness:
    (found,) = readiness(made, cases or {}, day, {made.systems[0].segment})
    return found


def test_the_days_are_counted_to_the_end_of_the_last_term() -> None:
    (found,) = countdowns(estate(PLANNED), DAY, {"lgwan", "internet", "mynumber"})
    assert (found.days, found.is_extended) == (29, False)
    (found,) = countdowns(estate(PLANNED, EXTENSION), DAY, {"lgwan", "internet", "mynumber"})
    assert (found.days, found.is_extended, found.planned) == (759, True, date(2025, 9, 30))


def test_days_after_the_end_are_negative() -> None:
    (found,) = countdowns(estate(PLANNED), date(2025, 10, 2), {"lgwan", "internet", "mynumber"})
    assert found.days == -2


def test_nothing_decided_is_open() -> None:
    assert only(estate(PLANNED)).state == "open"


def test_an_extension_counts_as_long_as_it_runs() -> None:
    made = estate(PLANNED, EXTENSION)
    assert only(made).state == "extended"
    assert only(made, day=date(2027, 10, 1)).state == "open"


@pytest.mark.parametrize("status", ["retiring", "retired"])
def test_a_file_that_says_retired_proves_nothing(status: str) -> None:
    found = only(estate(PLANNED, status=status, retirement=Retirement(**GONE)))
    assert (found.state, len(found.machines)) == ("leaving", 1)


def test_a_completion_record_makes_it_ready() -> None:
    made = estate(PLANNED, status="retired", retirement=Retirement(**GONE))
    assert only(made, completed()).state == "retired"
    moved = Retirement(**GONE, moved_to=Text(ja="次期基盤", en="the next platform"))
    found = only(estate(PLANNED, status="retired", retirement=moved), completed())
    assert (found.state, found.why.ja) == ("moved", "次期基盤 へ移行")


def test_another_segment_is_left_out() -> None:
    made = estate(PLANNED)
    other = {"internet", "lgwan", "mynumber"} - {made.systems[0].segment}
    assert readiness(made, {}, DAY, other) == ()
    assert countdowns(made, DAY, other) == ()
