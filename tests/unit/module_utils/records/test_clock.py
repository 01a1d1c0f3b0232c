"""Times without a zone are refused, for nobody can say later what they meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import from_text, to_text, utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError


def test_japanese_time_is_kept_in_utc_and_comes_back() -> None:
    moment = datetime(2026, 12, 1, 8, 30, tzinfo=timezone(timedelta(hours=9)))
    assert to_text(moment) == "2026-11-30T23:30:00.000000Z"
    assert from_text(to_text(moment)) == moment


def test_the_clock_gives_utc() -> None:
    assert utc_now().tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-12-01T18:00", "2026-12-01", "tomorrow", ""])
def test_a_time_without_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecordError, match=r"write it as 2026-12-01T18:00\+09:00"):
        from_text(text)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InvalidRecordError, match="no zone"):
        to_text(datetime(2026, 12, 1))
