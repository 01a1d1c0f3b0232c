"""Between midnight in Osaka and nine o'clock a clock in UTC shows the day before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import DATA_CENTRE, today
from tests.support.small_estate import ROOT


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 24, 14, 59, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 15, 0, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 11, 24, 23, 0, tzinfo=timezone(timedelta(hours=-8))), date(2026, 11, 25)),
    ],
)
def test_the_day_is_that_of_the_data_centre(moment: datetime, day: date) -> None:
    assert today(moment) == day


def test_it_is_the_time_zone_of_the_estate() -> None:
    estate = yaml.safe_load((ROOT / "platform/estate.yml").read_text(encoding="utf-8"))
    assert estate["estate"]["timezone"] == DATA_CENTRE.key
