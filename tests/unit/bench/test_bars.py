"""When a bar fails, and when the machine is to blame."""

from __future__ import annotations

import json
import math

import pytest

from tests.bench.bars import BARS, Bar, Verdict, possible, report, table
from tests.bench.measure import REFERENCE_SECONDS, Sample, Summary

_REFERENCE = REFERENCE_SECONDS[1]


def verdict(
    median: float, calibration: float, *, peak_mib: float = 100, peak_limit_mib: float | None = None
) -> Verdict:
    bar = Bar("plan", "a plan", 4, lambda _lab: Sample(0, 0, 0, 0, ""), peak_limit_mib=peak_limit_mib)
    return Verdict(bar, Summary(median, median, median, 5, median, peak_mib), calibration)


def test_a_bar_below_its_limit_is_met() -> None:
    assert verdict(3.9, 0.5).word == "met"
    assert not verdict(3.9, 0.5).fails


def test_a_bar_at_its_limit_is_missed() -> None:
    assert verdict(4.0, _REFERENCE).fails


def test_a_miss_on_a_machine_of_reference_speed_fails() -> None:
    assert verdict(4.1, _REFERENCE).word == "MISSED"


def test_a_fast_machine_explains_no_miss() -> None:
    assert verdict(4.1, _REFERENCE / 4).fails


def test_a_machine_half_as_fast_explains_a_miss_by_less_than_that() -> None:
    slow = verdict(7.9, 2 * _REFERENCE)

    assert slow.word == "explained by the machine"
    assert not slow.fails


def test_a_machine_half_as_fast_does_not_explain_a_miss_by_more() -> None:
    assert verdict(8.1, 2 * _REFERENCE).fails


@pytest.mark.parametrize("calibration", [0.5, 4 * _REFERENCE])
def test_no_machine_explains_memory(calibration: float) -> None:
    assert verdict(1.0, calibration, peak_mib=501, peak_limit_mib=500).fails


@pytest.mark.parametrize(("share", "word"), [(0.7, "met"), (0.699, "MISSED"), (None, "MISSED")])
def test_a_share_is_met_or_missed_however_slow_the_machine_is(share: float | None, word: str) -> None:
    bar = Bar("tape-share", "tape", math.inf, lambda _lab: Sample(0, 0, 0, 0, ""), least_share=0.7)
    measured = Verdict(bar, Summary(100, 100, 100, 1, 50, 100, share), 4 * _REFERENCE)
    assert measured.word == word
    assert measured.fails == (word == "MISSED")
    assert "70%" in table([measured])
    json.dumps(report([measured]), allow_nan=False)


def test_every_bar_has_a_name_of_its_own() -> None:
    assert len({bar.name for bar in BARS}) == len(BARS)


def test_where_guests_cannot_run_their_bars_are_skipped_with_the_reason_and_no_others() -> None:
    chosen, skipped, reason = possible(BARS, ["CAP_SYS_ADMIN is withheld"])
    assert (skipped, reason) == (["guest", "guests", "patch"], "CAP_SYS_ADMIN is withheld")
    assert len(chosen) == len(BARS) - 3
    assert possible(BARS, []) == (list(BARS), [], "")
