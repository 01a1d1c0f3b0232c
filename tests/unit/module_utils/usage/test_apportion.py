from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.apportion import apportion, round_half_up

weights = st.lists(st.fractions(min_value=0, max_value=10**6), min_size=1, max_size=12).filter(any)


def test_the_largest_remainder_gets_the_yen() -> None:
    # 10 yen by 5 : 3 : 1 are 5.56, 3.33, 1.11: 5 + 3 + 1 = 9, and the yen that is left goes to 0.56.
    assert apportion(10, [Fraction(5), Fraction(3), Fraction(1)]) == [6, 3, 1]


def test_of_equal_remainders_the_earlier_gets_the_yen() -> None:
    assert apportion(100, [Fraction(1)] * 3) == [34, 33, 33]


def test_nobody_to_share_nothing_out_to() -> None:
    assert apportion(0, [Fraction(0), Fraction(0)]) == [0, 0]
    assert apportion(0, []) == []


def test_something_to_share_out_and_nobody_has_a_weight() -> None:
    with pytest.raises(ValueError, match="1 yen to share out"):
        apportion(1, [Fraction(0)])


@given(total=st.integers(0, 10**12), parts=weights)
def test_parts_add_up_and_stay_within_a_yen_of_their_quota(total: int, parts: list[Fraction]) -> None:
    result = apportion(total, parts)
    assert sum(result) == total
    whole = sum(parts)
    assert all(abs(yen - total * part / whole) < 1 for yen, part in zip(result, parts, strict=True))
    assert all(yen == 0 for yen, part in zip(result, parts, strict=True) if not part)


@pytest.mark.parametrize(("value", "whole"), [(Fraction(1, 2), 1), (Fraction(3, 2), 2), (Fraction(7, 5), 1), (2, 2)])
def test_half_a_yen_goes_up(value: Fraction, whole: int) -> None:
    assert round_half_up(Fraction(value)) == whole
