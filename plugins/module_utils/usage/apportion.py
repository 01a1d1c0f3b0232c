"""Whole yen shared out by weights, so that the parts add up to the whole: the method of the largest remainder.

Hamilton's method (Balinski and Young, Fair Representation, 2nd ed. 2001, ch. 3): everybody gets the whole part of the
exact quota; what is left goes, one yen each, to the largest remainders. A part is never more than one yen from its
quota. Quotas are exact fractions: no result depends on how a machine rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def apportion(total_yen: int, weights: Sequence[Fraction]) -> list[int]:
    """Parts in the order of the weights (not negative); of equal remainders the earlier one gets the yen.

    ValueError: nothing to share it out by, while there is something to share out.
    """
    whole = sum(weights, Fraction(0))
    if not whole:
        if total_yen:
            raise ValueError(f"{total_yen} yen to share out, and every weight is 0")
        return [0] * len(weights)
    quotas = [total_yen * weight / whole for weight in weights]
    parts = [quota.numerator // quota.denominator for quota in quotas]
    order = sorted(range(len(quotas)), key=lambda index: (parts[index] - quotas[index], index))
    for index in order[: total_yen - sum(parts)]:
        parts[index] += 1
    return parts


def round_half_up(value: Fraction) -> int:
    """The nearest whole yen; half a yen goes up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
