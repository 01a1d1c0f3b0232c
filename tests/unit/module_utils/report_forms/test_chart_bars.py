"""Bars: what is left out of the drawing is told in the unit of its axis."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_bars import bars, drawn_rows
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Column, Kind, Row, Table


def drawing(kind: Kind, unit: str, *values: float, in_tib: bool = False) -> tuple[Table, Chart]:
    names = Column(key="name", title="所属")
    chart = Chart(title="題", kind="bars", category="name", series=("size",), unit=unit, stacked=True, in_tib=in_tib)
    rows = tuple(Row(values=(f"d{number}", value)) for number, value in enumerate(values))
    return Table(key="t", title="表", columns=(names, Column(key="size", title="大きさ", kind=kind)), rows=rows), chart


def axis_of(table: Table, chart: Chart, language: Language) -> str:
    ((_, spec),) = bars(table, chart, language)
    return str(spec["layer"][0]["encoding"]["x"]["axis"]["title"])


@pytest.mark.parametrize(
    ("kind", "unit", "values", "axis", "told"),
    [
        ("gib", "GiB", (166_550, 13_840, 11_530, 6_750), "TiB", "d0 162.6 TiB"),
        ("gib", "GiB", (16_655, 1_384, 1_153, 675), "GiB", "d0 16,655 GiB"),
        ("yen", "円", (369_249_882, 5_719_901, 4_496_460, 3_502_873), "万円", "d0 36,925 万円"),
        ("yen", "円", (36_924, 571, 449, 350), "円", "d0 36,924 円"),
        ("percent", "%", (250.0, 20.0, 10.0, 9.0), "%", "d0 250%"),
    ],
)
def test_what_towers_over_the_others_is_told_in_the_unit_of_the_axis(
    kind: Kind, unit: str, values: tuple[float, ...], axis: str, told: str
) -> None:
    table, chart = drawing(kind, unit, *values, in_tib=kind == "gib")
    title, rows = drawn_rows(table, chart, "ja")
    assert axis_of(table, chart, "ja") == axis
    assert title == f"題（{told} を除く）"
    assert [row.values[0] for row in rows] == ["d1", "d2", "d3"]


def test_english_yen_are_told_in_millions() -> None:
    table, chart = drawing("yen", "yen", 369_249_882, 5_719_901, 4_496_460, 3_502_873)
    assert axis_of(table, chart, "en") == "million yen"
    assert drawn_rows(table, chart, "en")[0] == "題 (without d0 369.2 million yen)"


def test_a_workbook_tells_it_in_the_unit_of_its_cells() -> None:
    table, chart = drawing("gib", "GiB", 166_550, 13_840, 11_530, 6_750, in_tib=True)
    assert drawn_rows(table, chart, "ja", scaled=False)[0] == "題（d0 166,550 GiB を除く）"


def test_where_nothing_towers_the_title_is_as_it_is() -> None:
    table, chart = drawing("gib", "GiB", 40, 30, 20, 10)
    assert drawn_rows(table, chart, "ja")[0] == "題"
