"""Horizontal bars: one per line of a table, stacked or beside each other, with a limit where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_style import (
    COLOURS,
    LIMIT_COLOUR,
    WIDTH_PX,
    Spec,
    is_drawable,
    whole,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Chart,
    Column,
    Row,
    Table,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import TIB_GB, number
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import columns as width_of
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import cut

_NAME_COLUMNS = 24  # of the names beside the bars, in columns of a terminal
_NAME_PX = 6.2  # per column, at 11 px
_ROW_PX = 26
_BAR_PX = 12  # of one of several bars of a line
_LEAST_PX = 120
# The first ones, at most so many, are left out of the drawing and named in its title where they are so many times the
# next one: beside them the others could not be told apart.
_TOWERING = 3
_MOST_TOWERS = 3
_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """What is drawn: values by name and series, and limits by name, both in the unit of the axis."""

    names: list[str]
    values: list[Spec]
    limits: list[Spec]
    titles: list[str]
    unit: str
    most: float


def bars(table: Table, chart: Chart, language: Language) -> list[tuple[str, Spec]]:
    """(title, specification), the longest bar first; nothing where no line has a number."""
    title, rows = drawn_rows(table, chart, language)
    return [(title, _spec(_drawn(table, chart, rows, language), stacked=chart.stacked))] if rows else []


def drawn_rows(table: Table, chart: Chart, language: Language, *, scaled: bool = True) -> tuple[str, list[Row]]:
    """The title and the rows of a drawing, the longest bar first, without those that tower over the others.

    The title tells those in the unit of the axis: that of `bars`, or the table's own where it is not `scaled`.
    """
    lengths = [(row, _length(table, chart, row)) for row in table.rows]
    ordered = sorted(((row, length) for row, length in lengths if length is not None), key=lambda item: -item[1])
    title = chart.title
    towers = _towers([length for _, length in ordered])
    rows = [row for row, _ in ordered[towers : towers + chart.rows]]
    if towers:
        divisor, unit = _scale(table, chart, _most(table, chart, rows), language) if scaled else (1.0, chart.unit)
        percent = table.column(chart.series[0]).kind == "percent"
        category = table.index(chart.category)
        told = [
            f"{row.values[category]} {number(length / divisor, 1)}{'%' if percent else f' {unit}'.rstrip()}"
            for row, length in ordered[:towers]
        ]
        title += f"（{'、'.join(told)} を除く）" if language == "ja" else f" (without {', '.join(told)})"
    return title, rows


def _towers(lengths: Sequence[float]) -> int:
    """How many of the first tower over the rest."""
    last = min(_MOST_TOWERS, len(lengths) - _FEW)
    return max((count for count in range(1, last + 1) if lengths[count - 1] > _TOWERING * lengths[count]), default=0)


def _length(table: Table, chart: Chart, row: Row) -> float | None:
    numbers = [value for value in (row.values[table.index(key)] for key in chart.series) if is_drawable(value)]
    if not numbers:
        return None
    return float(sum(numbers)) if chart.stacked else float(max(numbers))


def _most(table: Table, chart: Chart, rows: Sequence[Row]) -> float:
    """The longest bar or limit of a drawing."""
    lengths = [length for row in rows if (length := _length(table, chart, row)) is not None]
    if chart.limit:
        limit = table.index(chart.limit)
        lengths += [float(value) for row in rows if is_drawable(value := row.values[limit])]
    return max(lengths)


def _drawn(table: Table, chart: Chart, rows: Sequence[Row], language: Language) -> _Drawn:
    most = _most(table, chart, rows)
    limit = table.index(chart.limit) if chart.limit else None
    divisor, unit = _scale(table, chart, most, language)
    drawn = _Drawn(
        names=[],
        values=[],
        limits=[],
        titles=[_short(table.column(key)) for key in chart.series],
        unit=unit,
        most=most / divisor,
    )
    percent = table.column(chart.series[0]).kind == "percent"
    for row in rows:
        name = cut(str(row.values[table.index(chart.category)]), _NAME_COLUMNS)
        while name in drawn.names:
            name += "\u200b"  # two long names that are cut alike stay two bars
        drawn.names.append(name)
        for order, key in enumerate(chart.series):
            value = row.values[table.index(key)]
            if is_drawable(value):
                scaled = value / divisor
                text = f"{number(scaled, 1)}{'%' if percent else ''}"
                series = drawn.titles[order]
                drawn.values.append({"name": name, "series": series, "order": order, "value": scaled, "text": text})
        if limit is not None and is_drawable(bound := row.values[limit]):
            drawn.limits.append({"name": name, "value": bound / divisor})
    return drawn


def _spec(drawn: _Drawn, *, stacked: bool) -> Spec:
    several = len(drawn.titles) > 1
    width = max(_LEAST_PX, round(WIDTH_PX - 22 - _NAME_PX * max(width_of(name) for name in drawn.names)))
    y: Spec = {
        "field": "name",
        "type": "nominal",
        "sort": drawn.names,
        "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": 400, "labelPadding": 6},
    }
    x: Spec = {
        "field": "value",
        "type": "quantitative",
        "axis": {"title": drawn.unit, "tickCount": 4, "format": ",~f", "labelFlush": True},
        # Room for the number behind the longest bar.
        "scale": {"domain": [0, drawn.most * (1.05 if several else 1.3) or 1], "nice": False},
        "stack": "zero" if stacked else None,
    }
    encoding: Spec = {"x": x, "y": y, "color": _colours(drawn.titles)}
    if several and stacked:
        encoding["order"] = {"field": "order", "type": "quantitative"}
    elif several:
        encoding["yOffset"] = {"field": "series", "type": "nominal", "sort": drawn.titles}
    layers: list[Spec] = [{"mark": {"type": "bar", "cornerRadiusEnd": 1}, "encoding": encoding}]
    if not several:
        layers.append(_numbers(x, y, width if drawn.limits else None))
    if drawn.limits:
        layers.append(
            {
                "data": {"values": drawn.limits},
                "mark": {"type": "tick", "thickness": 3, "color": LIMIT_COLOUR, "size": _ROW_PX - 6},
                "encoding": {"x": {**x, "stack": None}, "y": y},
            }
        )
    row_px = max(_ROW_PX, _BAR_PX * len(drawn.titles) + 8) if several and not stacked else _ROW_PX
    return whole({"data": {"values": drawn.values}, "layer": layers}, width, len(drawn.names) * row_px)


def _colours(titles: Sequence[str]) -> Spec:
    columns = 2 if max(width_of(title) for title in titles) <= _NAME_COLUMNS else 1
    legend: Spec = {"title": None, "orient": "top", "direction": "horizontal", "columns": columns, "labelLimit": 330}
    return {
        "field": "series",
        "type": "nominal",
        "sort": list(titles),
        "scale": {"domain": list(titles), "range": list(COLOURS[: len(titles)])},
        "legend": legend if len(titles) > 1 else None,
    }


def _numbers(x: Spec, y: Spec, edge: int | None) -> Spec:
    """The numbers behind the bars, or at the right edge, where no limit crosses them."""
    mark: Spec = {"type": "text", "fontSize": 11, "color": "#1a1a1a", "align": "left", "dx": 4}
    place = x
    if edge is not None:
        mark |= {"align": "right", "dx": 0}
        place = {"value": edge}
    return {"mark": mark, "encoding": {"x": place, "y": y, "text": {"field": "text", "type": "nominal"}}}


def _scale(table: Table, chart: Chart, most: float, language: Language) -> tuple[float, str]:
    """(divisor, unit) in which the numbers at an axis stay short."""
    if chart.in_tib and most >= 10 * TIB_GB:
        return float(TIB_GB), "TiB"
    if table.column(chart.series[0]).kind == "yen" and most >= 1_000_000:
        return (10_000.0, "万円") if language == "ja" else (1_000_000.0, "million yen")
    return 1.0, chart.unit


def _short(column: Column) -> str:
    """A title without its unit, which stands at the axis."""
    return column.title.partition(" (")[0]
