"""The course of a value over days, with the band of its forecast and the limit that it runs towards."""

from __future__ import annotations

from datetime import date, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_style import (
    COLOURS,
    LIMIT_COLOUR,
    WIDTH_PX,
    Spec,
    is_drawable,
    whole,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Row, Table

_HEIGHT_PX = 190
_AXIS_PX = 70
_MOST_TICKS = 6
# A month on an axis: R8.11 (令和8年11月), 2026-11. Expressions of Vega.
_MONTH: dict[Language, str] = {
    "ja": "utcyear(datum.value) > 2018 ? 'R' + (utcyear(datum.value) - 2018) + utcFormat(datum.value, '.%-m') "
    ": utcFormat(datum.value, '%Y.%-m')",
    "en": "utcFormat(datum.value, '%Y-%m')",
}


def trends(table: Table, chart: Chart, language: Language) -> list[tuple[str, Spec]]:
    """(title, specification) of every group, the first ones."""
    if chart.group is None:
        spec = _trend(table, chart, table.rows, language)
        return [(chart.title, spec)] if spec else []
    position = table.index(chart.group)
    groups: dict[str, list[Row]] = {}
    for row in table.rows:
        groups.setdefault(str(row.values[position]), []).append(row)
    found = ((name, _trend(table, chart, rows, language)) for name, rows in groups.items())
    return [(name, spec) for name, spec in found if spec][: chart.rows]


def _trend(table: Table, chart: Chart, rows: list[Row] | tuple[Row, ...], language: Language) -> Spec | None:
    values = _values(table, chart, rows)
    if sum(point["value"] is not None or point["high"] is not None for point in values) < 2:
        return None
    unit = rows[0].values[table.index(chart.unit_column)] if chart.unit_column else chart.unit
    x: Spec = {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {
            "title": None,
            "tickCount": {"interval": "month", "step": _months_between_ticks(values)},
            "labelExpr": _MONTH[language],
            "grid": False,
            "labelFlush": True,
        },
    }
    y: Spec = {
        "type": "quantitative",
        "axis": {"title": unit, "tickCount": 4, "format": ",~f"},
        "scale": {"zero": True},
    }
    layers: list[Spec] = []
    if chart.low and chart.high:
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
                "mark": {"type": "area", "color": COLOURS[4], "opacity": 0.45},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            }
        )
    layers.append(
        {
            "transform": [{"filter": "isValid(datum.value)"}],
            "mark": {"type": "line", "color": COLOURS[0], "strokeWidth": 2},
            "encoding": {"x": x, "y": {**y, "field": "value"}},
        }
    )
    if chart.limit:
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.limit)"}],
                "mark": {"type": "line", "color": LIMIT_COLOUR, "strokeDash": [6, 4], "strokeWidth": 2},
                "encoding": {"x": x, "y": {**y, "field": "limit"}},
            }
        )
    return whole({"data": {"values": values}, "layer": layers}, WIDTH_PX - _AXIS_PX, _HEIGHT_PX)


def _months_between_ticks(values: list[Spec]) -> int:
    """Four to six ticks over the days that are drawn."""
    first, last = (date.fromisoformat(edge(point["day"] for point in values)) for edge in (min, max))
    months = (last - first).days / 30
    return next((step for step in (1, 2, 3, 6, 12) if months / step <= _MOST_TICKS), 24)


def _values(table: Table, chart: Chart, rows: list[Row] | tuple[Row, ...]) -> list[Spec]:
    keys = {"value": chart.series[0], "limit": chart.limit, "low": chart.low, "high": chart.high}
    values: list[Spec] = []
    for row in rows:
        day = row.values[table.index(chart.category)]
        if isinstance(day, date):
            point: Spec = {"day": (day.date() if isinstance(day, datetime) else day).isoformat()}
            for name, key in keys.items():
                value = row.values[table.index(key)] if key else None
                point[name] = value if is_drawable(value) else None
            values.append(point)
    return values
