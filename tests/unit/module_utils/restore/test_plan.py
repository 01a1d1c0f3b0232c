"""What a person reads before a restore, and what a digest of it covers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import RestoreRate
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import choose_copy
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.forecast import Measurement, predict, rate_of
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import (
    RestorePlan,
    digest_of,
    duration,
    moment,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.route import route_of
from tests.support.tapes import START, make_copy, make_status

TOKYO = ZoneInfo("Asia/Tokyo")
ASSUMED = RestoreRate(medium="tape", start_hours=1, gb_per_hour=1000, basis="assumed")
NOW = START + timedelta(days=2)


def plan(*, measured: bool = False, place: str = "slot", rto_hours: int = 4, replaces: str = "") -> RestorePlan:
    statuses = {"KYT001L8": make_status(place=place, position="CASE-LG-01", case="CASE-LG-01")}
    choice = choose_copy([make_copy(1)], statuses, "s05-db-1", at=NOW, as_of=NOW)
    measurements = [Measurement(10**9, 10.0, 20.0)] if measured else []
    away = [date(2026, 11, 30)] if place == "vault" else []
    return RestorePlan(
        vcenter="vc-kyotsu",
        machine="s05-db01",
        name="s05-db01",
        cluster="kyotsu-lgwan",
        choice=choice,
        route=route_of(choice.tapes, statuses, [], NOW.date()),
        prediction=predict(
            choice.size_bytes, rate_of(measurements, ASSUMED), rto_hours=rto_hours, now=NOW, arrivals=away, zone=TOKYO
        ),
        replaces=replaces,
    )


def test_a_reader_learns_copy_tape_time_and_whether_the_promise_is_kept() -> None:
    text = "\n".join(plan().text(TOKYO))
    assert "as it was on 2026-11-24 10:00" in text
    assert "tape KYT001L8 is in slot" in text
    assert "assumed, none measured" in text
    assert "within the RTO of 4 h" in text
    assert "REPLACES" not in text


def test_a_prediction_that_breaks_the_promise_is_not_to_be_overlooked() -> None:
    assert "MORE THAN the RTO of 1 h" in "\n".join(plan(rto_hours=1).text(TOKYO))
    assert "measured in 1 restores" in "\n".join(plan(measured=True).text(TOKYO))


def test_a_tape_in_the_vault_says_what_comes_first() -> None:
    away = plan(place="vault")
    assert [stop.tape for stop in away.waits] == ["KYT001L8"]
    assert "recall it from the vault (case CASE-LG-01)" in "\n".join(away.text(TOKYO))


def test_a_machine_that_is_replaced_is_named() -> None:
    assert "REPLACES the living machine s05-db01" in plan(replaces="s05-db01").text(TOKYO)[-1]


def test_the_digest_is_of_what_would_be_done_and_not_of_the_clock() -> None:
    one, later = plan().as_value(TOKYO), plan(measured=True).as_value(TOKYO)
    assert one["predicted_seconds"] != later["predicted_seconds"]
    assert digest_of([one]) == digest_of([later])
    assert digest_of([one]) != digest_of([plan(replaces="s05-db01").as_value(TOKYO)])


def test_a_day_means_its_end_and_a_moment_is_of_the_data_centre() -> None:
    assert moment("2026-11-24", TOKYO) == datetime(2026, 11, 24, 23, 59, 59, tzinfo=TOKYO)
    assert moment("2026-11-24T22:30", TOKYO) == datetime(2026, 11, 24, 22, 30, tzinfo=TOKYO)
    assert moment("2026-11-24T22:30+00:00", TOKYO) == datetime(2026, 11, 25, 7, 30, tzinfo=TOKYO)
    with pytest.raises(ValueError, match="yesterday"):
        moment("yesterday", TOKYO)


@pytest.mark.parametrize(("seconds", "text"), [(45, "45 s"), (720, "12 min"), (12240, "3.4 h")])
def test_a_duration_is_short(seconds: int, text: str) -> None:
    assert duration(seconds) == text
