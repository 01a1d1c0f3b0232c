"""Emergency runs and the working days within which somebody must agree."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.overdue import Afterwards, EmergencyRun, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.working_days import add_working_days, is_working_day

HOLIDAYS = ("2026-11-23", "12-29", "12-30", "12-31", "01-01", "01-02", "01-03")
# Friday evening in Osaka.
RAN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "number", "wanted"),
    [
        ("2026-11-24", 1, "2026-11-25"),
        ("2026-11-20", 1, "2026-11-24"),  # over a weekend and a holiday
        ("2026-11-20", 3, "2026-11-26"),
        ("2026-12-28", 1, "2027-01-04"),  # over the turn of the year
        ("2026-11-22", 0, "2026-11-22"),
    ],
)
def test_working_days(day: str, number: int, wanted: str) -> None:
    assert add_working_days(date.fromisoformat(day), number, HOLIDAYS) == date.fromisoformat(wanted)


def test_a_holiday_of_one_year_is_none_of_another() -> None:
    assert not is_working_day(date(2026, 11, 23), HOLIDAYS)
    assert is_working_day(date(2027, 11, 23), HOLIDAYS)
    assert not is_working_day(date(2030, 12, 30), HOLIDAYS)


def state(today: str, approved: datetime | None = None, *, run_id: str = "r1", digest: str = "d1") -> str:
    run = EmergencyRun(run_id="r1", digest="d1", actor="tester", reason="disk full", ran_at=RAN)
    approvals = [] if approved is None else [Afterwards(run_id=run_id, digest=digest, recorded_at=approved)]
    (standing,) = standings(
        [run],
        approvals,
        working_days=3,
        holidays=HOLIDAYS,
        today=date.fromisoformat(today),
        timezone="Asia/Tokyo",
    )
    assert standing.due == date(2026, 11, 26)
    assert standing.bad == (standing.state in ("late", "overdue"))
    assert "disk full" in standing.text.en
    assert "disk full" in standing.text.ja
    return standing.state


def test_it_waits_until_the_last_day_and_is_overdue_after_it() -> None:
    assert state("2026-11-20") == "waiting"
    assert state("2026-11-26") == "waiting"
    assert state("2026-11-27") == "overdue"


def test_an_approval_in_time_and_one_that_is_late() -> None:
    assert state("2026-12-24", datetime(2026, 11, 26, 14, 59, tzinfo=UTC)) == "approved"
    # 00:00 of the 27th in Osaka.
    assert state("2026-12-24", datetime(2026, 11, 26, 15, 0, tzinfo=UTC)) == "late"


@pytest.mark.parametrize("other", [{"run_id": "r2"}, {"digest": "d2"}])
def test_the_approval_of_another_run_does_not_count(other: dict[str, str]) -> None:
    assert state("2026-11-27", datetime(2026, 11, 24, tzinfo=UTC), **other) == "overdue"
