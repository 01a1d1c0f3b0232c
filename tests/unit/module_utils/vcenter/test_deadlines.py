"""What may still begin, and what came too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.deadlines import held, in_time
from tests.support.builders import make_change

END = datetime(2026, 11, 29, 5, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
HARMLESS, REBOOT, OUTAGE = (make_change(risk=risk, field=risk) for risk in ("none", "reboot", "outage"))


def test_before_the_end_everything_begins() -> None:
    assert in_time([REBOOT, HARMLESS], END, lambda: END - timedelta(seconds=1)) == ((REBOOT, HARMLESS), ())


@pytest.mark.parametrize("late", [timedelta(), timedelta(hours=3)])
def test_from_the_end_on_only_what_interrupts_nobody_begins(late: timedelta) -> None:
    assert in_time([REBOOT, HARMLESS, OUTAGE], END, lambda: END + late) == ((HARMLESS,), (REBOOT, OUTAGE))


def test_without_an_end_nothing_is_late() -> None:
    assert in_time([REBOOT], None, lambda: datetime(2099, 1, 1, tzinfo=UTC)) == ((REBOOT,), ())


def test_the_result_says_when_the_window_closed_and_what_to_do() -> None:
    result = held([REBOOT, OUTAGE], END)
    assert (result.status, result.changes) == ("held", (REBOOT, OUTAGE))
    assert result.message == (
        "reboot, outage: its window closed at 2026-11-29 05:00 before its turn; run again in the next one"
    )
