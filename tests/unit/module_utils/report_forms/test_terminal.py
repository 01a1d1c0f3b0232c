"""The table in a terminal."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Column,
    Paper,
    Row,
    Section,
    Table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.terminal import bar, terminal_text
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import shown
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import columns


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [60, 80, 120])
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
        "4 × m8: kyotsu-lgwan 収まらない",
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


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("key", ["divisions", "cost_divisions", "cost_equipment", "fiscal_year"])
def test_a_table_that_is_too_wide_goes_on_below_and_loses_no_column(
    paper: Paper, zone: ZoneInfo, key: str, width: int
) -> None:
    # Under a section of the same name there is no title between the columns' titles and the empty line.
    table = replace(next(table for table in paper.tables() if table.key == key), title="節")
    text = terminal_text(paper_of_tables(table), zone, width=width)
    assert "省略した列" not in text
    for column, total in zip(table.columns, table.totals() or (), strict=True):
        assert said(column.title) in said_columns(text), column.title
        if column.total and total is not None:
            assert shown(total, column, "ja", zone) in text
    assert max(columns(line) for line in text.splitlines()) <= width


def test_the_total_column_of_the_cost_is_on_the_paper_of_a_narrow_terminal(zone: ZoneInfo) -> None:
    names = ("共通プラットフォーム", "仮想端末用サーバ機器等", "情報基盤サーバ機器等", "大阪府ウイルス対策サーバ機器等")
    parts = tuple(Column(key=name, title=f"{name} (円)", kind="yen", total=True) for name in names)
    whole = Column(key="total", title="計 (円)", kind="yen", total=True)
    table = Table(
        key="t",
        title="表",
        columns=(Column(key="name", title="所属"), *parts, whole),
        rows=(
            Row(values=("情報政策室", 1, 20, 300, 4_000, 4_321)),
            Row(values=("財政課", 5, 60, 700, 8_000, 8_765)),
        ),
    )
    lines = terminal_text(paper_of_tables(table), zone, width=80).splitlines()
    assert sum(line.startswith("財政課") for line in lines) == 2, "the first column stands in both parts"
    assert [line for line in lines if line.startswith("情報政策室")][-1].endswith("4,321")
    assert [line for line in lines if line.startswith("合計")][-1].endswith("13,086")
    assert sum(line == "表" for line in lines) == 1, "one title"


def test_parts_begin_with_what_tells_their_rows_apart(zone: ZoneInfo) -> None:
    numbers = tuple(Column(key=f"n{each}", title=f"number{each}", kind="count") for each in range(8))
    table = Table(
        key="t",
        title="表",
        columns=(Column(key="place", title="place"), Column(key="resource", title="resource"), *numbers),
        rows=(Row(values=("lgwan", "CPU", *range(8))), Row(values=("lgwan", "memory", *range(8)))),
    )
    lines = terminal_text(paper_of_tables(table), zone, width=60).splitlines()
    assert sum(line.startswith("lgwan  memory") for line in lines) == 2


def test_a_long_list_names_the_columns_that_it_leaves_out_and_all_shows_them(paper: Paper, zone: ZoneInfo) -> None:
    table = replace(next(table for table in paper.tables() if table.key == "systems"), title="節")
    short = said(terminal_text(paper_of_tables(table), zone, width=80, limit=1))
    assert "省略した列（--allで表示）" in short
    assert said(table.column("tape_gib").title) in short.partition("省略した列")[2]
    for limit in (None, len(table.rows)):
        whole = terminal_text(paper_of_tables(table), zone, width=80, limit=limit)
        assert "省略した列" not in whole
        assert {said(column.title) for column in table.columns} <= said_columns(whole)


def test_without_a_width_every_table_is_one(papers: dict[Language, Paper], zone: ZoneInfo) -> None:
    for paper in papers.values():
        for table in paper.tables():
            if table.rows and not table.drawn:
                lines = terminal_text(paper_of_tables(table), zone, width=None, limit=None).splitlines()
                rules = [line for line in lines if line and set(line) <= {"-", " "}]
                assert {rule.count("  ") + 1 for rule in rules} == {len(table.columns)}
                assert not any("…" in line for line in lines), table.key


def test_other_peoples_names_do_not_steer_the_terminal(zone: ZoneInfo) -> None:
    assert "\x1b" not in terminal_text(paper_of((Row(values=("evil\x1b[2J",)),)), zone)


@pytest.mark.parametrize(
    ("percent", "text"),
    [(0, "|          |"), (45, "|#####     |"), (100, "|##########|"), (104.2, "|##########>"), (-3, "|          |")],
)
def test_a_bar_has_ten_steps(percent: float, text: str) -> None:
    assert bar(percent) == text


def said(text: str) -> str:
    """Without spaces and line ends, which a heading in several lines puts into a title."""
    return "".join(text.split())


def said_columns(text: str) -> set[str]:
    """The titles of all columns, read downwards over each rule."""
    titles = set()
    lines = text.splitlines()
    for number, rule in enumerate(lines):
        if not rule or set(rule) - {"-", " "} or lines[number + 1].startswith("合計"):
            continue
        first = number
        while lines[first - 1].strip():
            first -= 1
        end = 0
        for dashes in rule.split("  "):
            start, end = end, end + len(dashes)
            titles.add(said("".join(between(line, start, end) for line in lines[first:number])))
            end += len("  ")
    return titles


def between(line: str, start: int, end: int) -> str:
    """What stands in some columns of a line."""
    return "".join(letter for place, letter in enumerate(line) if start <= columns(line[:place]) < end)


def paper_of(rows: tuple[Row, ...]) -> Paper:
    return paper_of_tables(
        Table(key="t", title="表", columns=(Column(key="name", title="名"),), rows=rows, detail=True)
    )


def paper_of_tables(*tables: Table) -> Paper:
    return Paper(
        language="ja",
        title="題",
        subtitle="",
        facts=(),
        alerts=(),
        notes=(),
        missing=(),
        sections=(Section(key="s", title="節", tables=tables),),
        divisions=(),
        total_word="合計",
        not_collected_word="未収集",
    )
