from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.bill import bill_yen, common_days
from tests.support.usage_estate import R8, make_tariff


@pytest.mark.parametrize(
    ("first", "last", "yen"),
    [
        ("2026-04-01", "2027-03-31", 1_000_000),
        ("2026-04-01", "2026-04-30", 82_192),  # x 30/365 = 82,191.78
        ("2026-04-01", "2028-03-31", 2_000_000),
        ("2023-04-01", "2024-03-31", 1_000_000),  # 366 days are a year too
        ("2027-02-15", "2027-02-15", 2_740),  # 1,000,000 / 365 = 2,739.73
    ],
)
def test_the_bill_of_some_days(first: str, last: str, yen: int) -> None:
    assert bill_yen(make_tariff(), date.fromisoformat(first), date.fromisoformat(last)) == yen


def test_days_without_the_tariff_cost_nothing() -> None:
    tariff = make_tariff(valid_from="2026-10-01", valid_to="2026-10-31")
    assert common_days(tariff, R8.first_day, R8.last_day) == (date(2026, 10, 1), date(2026, 10, 31))
    assert bill_yen(tariff, R8.first_day, R8.last_day) == bill_yen(tariff, date(2026, 10, 1), date(2026, 10, 31)) > 0
    assert bill_yen(tariff, date(2026, 11, 1), R8.last_day) == 0


@given(
    bill=st.integers(0, 10**10),
    cuts=st.sets(st.integers(1, 729), max_size=12),
)
def test_the_parts_of_two_years_add_up_to_them(bill: int, cuts: set[int]) -> None:
    tariff = make_tariff(bill_yen_per_year=bill)
    start, end = date(2023, 4, 1), date(2025, 3, 31)  # one of the two has 366 days
    firsts = [start, *(start + timedelta(days=cut) for cut in sorted(cuts))]
    lasts = [*(first - timedelta(days=1) for first in firsts[1:]), end]
    assert sum(bill_yen(tariff, first, last) for first, last in zip(firsts, lasts, strict=True)) == 2 * bill
