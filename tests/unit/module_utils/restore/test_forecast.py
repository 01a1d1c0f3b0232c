"""How long a restore will take, against what was promised."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import RestoreRate
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.forecast import (
    GIBIBYTE,
    Measurement,
    predict,
    rate_of,
)

ASSUMED = RestoreRate(medium="tape", start_hours=1, gb_per_hour=1000, basis="assumed")
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def test_without_a_measurement_the_assumed_line_holds_and_says_so() -> None:
    rate = rate_of([], ASSUMED)
    assert rate.measured == 0
    prediction = predict(500 * GIBIBYTE, rate, rto_hours=2, now=NOW)
    assert prediction.work_seconds == pytest.approx(1.5 * 3600)
    assert prediction.drive_hours == pytest.approx(0.5)
    assert prediction.within_rto


def test_what_was_measured_replaces_the_assumption() -> None:
    measured = [Measurement(100, 10.0, 14.0), Measurement(300, 30.0, 36.0), Measurement(0, 0.0, 2.0)]
    rate = rate_of(measured, ASSUMED)
    assert (rate.measured, rate.bytes_per_second, rate.start_seconds) == (2, 10.0, 5.0)
    assert predict(1000, rate, rto_hours=1, now=NOW).work_seconds == pytest.approx(105.0)


def test_only_the_newest_measurements_count() -> None:
    old, new = [Measurement(100, 100.0, 100.0)] * 30, [Measurement(100, 10.0, 10.0)] * 20
    assert rate_of([*old, *new], ASSUMED).bytes_per_second == pytest.approx(10.0)


def test_a_restore_waits_for_its_last_tape_until_the_offices_close() -> None:
    rate = rate_of([], ASSUMED)
    arrivals = [date(2026, 11, 25), date(2026, 11, 26)]
    prediction = predict(0, rate, rto_hours=24, now=NOW, arrivals=arrivals, zone=TOKYO)
    assert prediction.waits_until == datetime(2026, 11, 26, 17, 30, tzinfo=TOKYO)
    assert prediction.ready_at == datetime(2026, 11, 26, 18, 30, tzinfo=TOKYO)
    assert not prediction.within_rto


def test_a_tape_that_should_be_here_by_now_delays_nothing() -> None:
    prediction = predict(0, rate_of([], ASSUMED), rto_hours=2, now=NOW, arrivals=[date(2026, 11, 20)], zone=TOKYO)
    assert prediction.ready_at == NOW + timedelta(hours=1)


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_more_bytes_never_take_less_time(one: int, more: int) -> None:
    rate = rate_of([], ASSUMED)
    less, longer = (predict(size, rate, rto_hours=4, now=NOW).ready_at for size in (one, one + more))
    assert less <= longer
