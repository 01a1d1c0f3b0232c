"""The table in a terminal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import columns
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.tables import (
    Column,
    Paper,
    Row,
    Section,
    Table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.terminal import bar, terminal_text


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(
    papers: dict[Language, Paper], zone: ZoneInfo, language: Language, width: int
) -> None:
    lines = terminal_text(papers[language], zone, width=width).splitlines()
    assert [line for line in lines if columns(line) > width] == []


def test_columns_stand_under_their_title_also_with_letters_two_wide(paper: Paper, zone: ZoneInfo) -> None:
    lines = terminal_text(paper, zone, width=120).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("子ども家庭局"))
    rule = lines[first - 1]
    # The last digit of a number stands over the last dash of its rule.
    ends = {columns(rule[:end]) for end in range(1, len(rule) + 1) if rule[end - 1 : end + 1] in ("- ", "-")}
    digits = lines[first]
    number_ends = {
        columns(digits[:end])
        for end in range(1, len(digits) + 1)
        if digits[end - 1].isdigit() and digits[end : end + 1] in (" ", "")
    }
    assert len(number_ends) > 3
    assert number_ends <= ends


def test_what_is_said_in_the_terminal(paper: Paper, zone: ZoneInfo) -> None:
    text = terminal_text(paper, zone)
    for wanted in (
        "vCenter vc-mynumber から取得できませんでした: connection refused",
        "104.2%",
        "1,000,001",
        "収まりません",
        "令和8年4月1日",
        "未収集",
    ):
        assert wanted in text, wanted


def test_colour_is_only_used_where_it_is_asked_for(paper: Paper, zone: ZoneInfo) -> None:
    assert "\033" not in terminal_text(paper, zone)
    coloured = terminal_text(paper, zone, colour=True)
    assert "\033[31m" in coloured
    assert "\033[33m" in coloured


def test_a_long_list_is_cut_and_says_so(zone: ZoneInfo) -> None:
    paper = paper_of(tuple(Row(values=(f"m{number}",)) for number in range(25)))
    assert "… ほか 5 行" in terminal_text(paper, zone, limit=20)
    assert "m24" in terminal_text(paper, zone, limit=None)


def test_other_peoples_names_do_not_steer_the_terminal(zone: ZoneInfo) -> None:
    assert "\x1b" not in terminal_text(paper_of((Row(values=("evil\x1b[2J",)),)), zone)


@pytest.mark.parametrize(
    ("percent", "text"),
    [(0, "|          |"), (45, "|#####     |"), (100, "|##########|"), (104.2, "|##########>"), (-3, "|          |")],
)
def test_a_bar_has_ten_steps(percent: float, text: str) -> None:
    assert bar(percent) == text


def paper_of(rows: tuple[Row, ...]) -> Paper:
    table = Table(key="t", title="表", columns=(Column(key="name", title="名"),), rows=rows, detail=True)
    return Paper(
        language="ja",
        title="題",
        subtitle="",
        facts=(),
        alerts=(),
        notes=(),
        missing=(),
        sections=(Section(key="s", title="節", tables=(table,)),),
        divisions=(),
        total_word="合計",
        not_collected_word="未収集",
    )
