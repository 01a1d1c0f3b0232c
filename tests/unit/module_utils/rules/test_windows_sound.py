"""Recurrences that a window may have, and those that are refused before anybody follows them to the year 9999."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from tests.support.small_estate import AS_OF, copy_small, edit

PATCHING = "platform/patching.yml"


def rules_with(tmp_path: Path, recurrence: str) -> set[str]:
    repository = copy_small(tmp_path)
    edit(repository, PATCHING, "FREQ=WEEKLY;BYDAY=SA", recurrence)
    return {finding.rule for finding in inspect(repository, AS_OF).findings if finding.severity == "error"}


@pytest.mark.parametrize(
    "recurrence",
    [
        "FREQ=WEEKLY;BYDAY=TU,WE,TH",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
        "FREQ=MONTHLY;BYDAY=3SA",
        "FREQ=MONTHLY;BYDAY=-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYMONTH=5,11;BYMONTHDAY=3",
        "FREQ=WEEKLY;BYDAY=SA;WKST=SU",
    ],
)
def test_a_recurrence_that_comes_to_pass_is_taken(recurrence: str, tmp_path: Path) -> None:
    assert "E-12" not in rules_with(tmp_path, recurrence)


@pytest.mark.parametrize(
    "recurrence",
    [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=5SU",
        "FREQ=MONTHLY;BYDAY=53MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=400",
        "FREQ=WEEKLY;BYDAY=SA;COUNT=3",
        "FREQ=WEEKLY;BYDAY=SA;UNTIL=20260101",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=WEEKLY;BYHOUR=3",
        "FREQ=MONTHLY;BYMONTH=2;BYDAY=5SU",
    ],
)
def test_a_recurrence_without_a_day_is_refused_at_once(recurrence: str, tmp_path: Path) -> None:
    start = time.perf_counter()
    assert "E-12" in rules_with(tmp_path, recurrence)
    assert time.perf_counter() - start < 1
