"""What owners are told: page, text and calendar say the same as the schedule."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

from icalendar import Calendar

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation, Wave
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Peak, ServiceHours, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar_file import calendar_text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.notice import (
    Notice,
    notice_html,
    notice_markdown,
    notices,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer
from tests.support.builders import make_estate, make_freeze, make_machine, make_system

UPDATE_DAY = date(2026, 11, 11)
TEXT = Text(ja="例", en="example")
TEMPLATE = Path(__file__).parents[4] / "roles/patch/templates/notice.html.j2"


def organisation(name: str, title: str) -> Organisation:
    return Organisation(
        id=name, kind="division", name=title, name_en=name, parent=None, valid_from="2018-04-01", basis="assumed"
    )


OWNERS = (organisation("org-1", "総務課"), organisation("org-2", "福祉課 <b>"))
ESTATE = make_estate(
    make_system("s01", make_machine("s01-db-1", name="s01-db01")),
    make_system("s02", make_machine("s02-ap-1", name="s02-ap01", role="ap", power="off"), owner="org-2"),
    organisations=OWNERS,
)


def the_notices(answers: dict[str, Answer] | None = None) -> tuple[Notice, ...]:
    return notices(plan_round(ESTATE, as_of=UPDATE_DAY, answers=answers), ESTATE)


def test_each_owner_is_told_of_its_own_systems_only() -> None:
    assert [(each.owner.id, [one.system.id for one in each.systems]) for each in the_notices()] == [
        ("org-1", ["s01"]),
        ("org-2", ["s02"]),
    ]


def test_the_answer_is_asked_before_the_first_time_but_not_before_the_round() -> None:
    first, second = the_notices()
    assert first.answer_by == UPDATE_DAY  # ten days before the 14th would be in the past
    assert second.answer_by is None  # nothing of it is patched: nothing to answer


def test_who_has_answered_is_not_asked_again() -> None:
    yes = Answer(applies=True, by="担当", answered_on=UPDATE_DAY)
    assert the_notices({"s01": yes, "s02": yes})[0].answer_by is None


def test_the_text_gives_dates_as_officials_write_them() -> None:
    assert "| 令和8年11月14日（土） | 21:00–21:20 | s01-db01 |" in notice_markdown(the_notices()[0])


def test_a_machine_without_a_time_says_why_and_when_next() -> None:
    text = notice_markdown(the_notices()[1])
    assert (
        "s02-ap01: 今回は適用できません。電源断の定義であるため、作業時間帯に先に起動する。次の候補: 令和8年12月"
        in text
    )


def test_the_page_holds_the_same_and_escapes_names() -> None:
    pages = [notice_html(TEMPLATE.read_text(encoding="utf-8"), each, "共通") for each in the_notices()]
    assert "令和8年11月14日（土）" in pages[0]
    assert "□ 適用可" in pages[0]
    assert "福祉課 &lt;b&gt;" in pages[1]
    assert "□ 適用可" not in pages[1]
    assert "http" not in "".join(pages)  # it opens without a network


def test_a_pair_patched_in_turn_interrupts_nobody() -> None:
    machines = [make_machine(f"s01-ap-{number}", role="ap", pair="ap") for number in (1, 2)]
    waves = (Wave(id="canary", order=0, name=TEXT, basis="", pairs_in_turn=True),)
    estate = make_estate(make_system("s01", *machines), organisations=OWNERS, waves=waves)
    (notice,) = notices(plan_round(estate, as_of=UPDATE_DAY), estate)
    assert notice.systems[0].interruption.startswith("なし")
    alone = dataclasses.replace(machines[0], pair=None)
    single = make_estate(make_system("s01", alone), organisations=OWNERS)
    (notice,) = notices(plan_round(single, as_of=UPDATE_DAY), single)
    assert notice.systems[0].interruption.startswith("あり")


def test_a_time_in_a_busy_season_is_told_with_what_the_owner_can_do() -> None:
    peak = Peak(name=Text(ja="年末調整 <b>", en="Year-end"), months=(11, 12))
    service = ServiceHours(days="daily", start="08:00", end="20:00", peaks=(peak,))
    estate = make_estate(make_system("s01", make_machine("s01-db-1"), service=service), organisations=OWNERS)
    (notice,) = notices(plan_round(estate, as_of=UPDATE_DAY), estate)
    assert "「年末調整 <b>」の時期に当たり" in notice_markdown(notice)
    assert "「年末調整 &lt;b&gt;」の時期に当たり" in notice_html(TEMPLATE.read_text(encoding="utf-8"), notice, "共通")
    assert "繁忙期" not in notice_markdown(the_notices()[0])


def test_the_calendar_has_one_event_per_system_and_opening_in_universal_time() -> None:
    schedule = plan_round(ESTATE, as_of=UPDATE_DAY)
    (event,) = Calendar.from_ical(calendar_text(schedule, ESTATE)).walk("VEVENT")
    assert event.decoded("dtstart") == datetime(2026, 11, 14, 12, 0, tzinfo=UTC)
    assert event.decoded("dtend") == datetime(2026, 11, 14, 12, 20, tzinfo=UTC)
    assert str(event["status"]) == "TENTATIVE"


def test_an_event_keeps_its_identity_when_another_day_asks() -> None:
    one = calendar_text(plan_round(ESTATE, as_of=UPDATE_DAY), ESTATE)
    assert calendar_text(plan_round(ESTATE, as_of=date(2026, 11, 30)), ESTATE) == one


def test_a_frozen_system_has_no_event() -> None:
    freeze = make_freeze(id="all", start="11-01", end="12-31", everybody=True)
    estate = make_estate(make_system("s01", make_machine("s01-db-1")), freezes=(freeze,))
    assert "VEVENT" not in calendar_text(plan_round(estate, as_of=UPDATE_DAY), estate)
