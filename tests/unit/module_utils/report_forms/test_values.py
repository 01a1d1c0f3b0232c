"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Column, Kind, Value
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import number, shown, storage


@pytest.mark.parametrize(
    ("value", "kind", "ja", "en"),
    [
        (1234, "count", "1,234", "1,234"),
        (1234.5, "gib", "1,234.5", "1,234.5"),
        (16.0, "gib", "16", "16"),
        (85.04, "percent", "85%", "85%"),
        (1000001, "yen", "1,000,001", "1,000,001"),
        (float("inf"), "percent", "∞%", "∞%"),
        (None, "gib", "未収集", "not collected"),
        (date(2026, 11, 24), "day", "令和8年11月24日", "2026-11-24"),
        (date(2019, 4, 1), "month", "平成31年4月", "2019-04"),
        (date(1970, 1, 1), "day", "1970-01-01", "1970-01-01"),
        (datetime(2026, 11, 24, 15, 30, tzinfo=UTC), "moment", "令和8年11月25日 00:30", "2026-11-25 00:30"),
        ("two\nlines\x1b[31m", "text", "two | lines\\u001b[31m", "two | lines\\u001b[31m"),
    ],
)
def test_a_value_in_both_languages(zone: ZoneInfo, value: Value, kind: Kind, ja: str, en: str) -> None:
    column = Column(key="x", title="x", kind=kind)
    assert (shown(value, column, "ja", zone), shown(value, column, "en", zone)) == (ja, en)


def test_nothing_to_say_is_not_the_same_as_not_collected(zone: ZoneInfo) -> None:
    assert shown(None, Column(key="x", title="x", kind="count", blank=True), "ja", zone) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(6.25, "6.3"), (-6.25, "-6.3"), (0.05, "0.1"), (-0.04, "0"), (2.675, "2.7")]
)
def test_a_half_is_rounded_up_as_excel_does(value: float, text: str) -> None:
    assert number(value, 1) == text


@pytest.mark.parametrize(
    ("gib", "text"), [(1023.0, "1,023 GiB"), (1024.0, "1 TiB"), (1587.2, "1.6 TiB"), (0.0, "0 GiB")]
)
def test_storage_from_one_tib_on_is_told_in_tib(gib: float, text: str) -> None:
    assert storage(gib) == text
