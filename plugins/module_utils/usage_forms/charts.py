"""Charts of a table as SVG: Vega-Lite specifications (https://vega.github.io/vega-lite/docs/), drawn by vl-convert.

The drawings are 360 px wide, which a phone shows unshrunk. Colours are those of Okabe and Ito ("Color
Universal Design", 2008), which colour-blind readers tell apart too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import columns as width_of
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import cut
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.tables import Chart, Kind, Table, Value
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.values import TIB_GB, shown

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
LIMIT_COLOUR = "#D55E00"
FONT = "'Hiragino Sans','Yu Gothic','Meiryo','Noto Sans CJK JP','IPAGothic',sans-serif"
WIDTH = 360
_LABEL_COLUMNS = 24  # of the names beside the bars, in columns of a terminal
_LABEL_PX = 6.2  # per column, at 11 px
_ROW_PX = 26
_TREND_PX = 190
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name; nothing is loaded
# A month on an axis: R8.11 (令和8年11月), 2026-11. Expressions of Vega.
_MONTH = {
    "ja": "utcyear(datum.value) > 2018 ? 'R' + (utcyear(datum.value) - 2018) + utcFormat(datum.value, '.%-m') "
    ": utcFormat(datum.value, '%Y.%-m')",
    "en": "utcFormat(datum.value, '%Y-%m')",
}
Spec = dict[str, Any]


def chart_svgs(table: Table, chart: Chart, zone: ZoneInfo, language: str) -> list[tuple[str, str]]:
    """(title, SVG) of every drawing of a chart; none where there is nothing to draw."""
    import vl_convert  # takes half a second, which a table in the terminal does not need

    drawings = []
    for title, spec in chart_specs(table, chart, zone, language):
        # No address is allowed: a specification cannot make the controller load anything.
        svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
        # The font stack is ours: the library can only measure with the fonts of this machine.
        drawings.append((title, svg.replace("<svg ", '<svg role="img" ', 1)))
    return drawings


def chart_specs(table: Table, chart: Chart, zone: ZoneInfo, language: str) -> list[tuple[str, Spec]]:
    """(title, specification) of every drawing."""
    if not table.rows:
        return []
    if chart.kind == "bars":
        spec = _bars(table, chart, zone, language)
        return [(chart.title, spec)] if spec else []
    groups = dict.fromkeys(table.values(chart.group)) if chart.group else {None: None}
    found = []
    for group in groups:
        spec = _trend(table, chart, group, language)
        if spec:
            found.append((chart.title if group is None else f"{chart.title}: {group}", spec))
    return found


def _bars(table: Table, chart: Chart, zone: ZoneInfo, language: str) -> Spec | None:
    category = table.index(chart.category)
    places = [(key, table.index(key)) for key in chart.series]
    rows = [row for row in table.rows if any(_drawable(row.values[place]) for _, place in places)]
    rows.sort(key=lambda row: -_length([row.values[place] for _, place in places], chart.stacked))
    if not rows:
        return None
    values: list[Spec] = []
    limits: list[Spec] = []
    names: list[str] = []
    for row in rows[: chart.rows]:
        name = cut(str(row.values[category]), _LABEL_COLUMNS)
        while name in names:
            name += "\u200b"  # two long names that are cut alike stay two bars
        names.append(name)
        for key, place in places:
            value = row.values[place]
            if not _drawable(value):
                continue
            column = table.column(key)
            text = shown(value, column, "ja" if language == "ja" else "en", zone)
            values.append({"name": name, "series": column.title, "value": value, "text": text})
        limit = row.values[table.index(chart.limit)] if chart.limit else None
        if _drawable(limit):
            limits.append({"name": name, "value": limit, "series": table.column(str(chart.limit)).title})
    kind = table.column(chart.series[0]).kind
    most = max([each["value"] for each in (*values, *limits)] + [_stack(values, names) if chart.stacked else 0.0])
    divisor, unit = _scale(kind, most, chart.unit, language)
    for each in (*values, *limits):
        each["value"] /= divisor
    most /= divisor
    labels = max(width_of(name) for name in names) * _LABEL_PX
    titles = [table.column(key).title for key in chart.series]
    several = len(titles) > 1
    y: Spec = {
        "field": "name",
        "type": "nominal",
        "sort": names,
        "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": 400, "labelPadding": 6},
    }
    x: Spec = {
        "field": "value",
        "type": "quantitative",
        "axis": {"title": unit, "tickCount": 4, "format": ",~f", "labelFlush": True},
        # Room for the number behind the longest bar.
        "scale": {"domain": [0, most * (1.05 if several else 1.22)] if most else [0, 1], "nice": False},
    }
    colour: Spec = {
        "field": "series",
        "type": "nominal",
        "sort": titles,
        "scale": {"domain": titles, "range": list(COLOURS[: len(titles)])},
        "legend": {"title": None, "orient": "top", "direction": "horizontal", "columns": 2, "labelLimit": 170}
        if several
        else None,
    }
    bars: Spec = {"mark": {"type": "bar", "cornerRadiusEnd": 1}, "encoding": {"x": x, "y": y, "color": colour}}
    if several and chart.stacked:
        x["stack"] = "zero"
        bars["encoding"]["order"] = {"field": "order", "type": "quantitative"}
        for each in values:
            each["order"] = titles.index(each["series"])
    elif several:
        bars["encoding"]["yOffset"] = {"field": "series", "type": "nominal", "sort": titles}
        x["stack"] = None
    layers = [bars]
    if not several:
        text_mark = {"type": "text", "align": "left", "dx": 4, "fontSize": 11, "color": "#1a1a1a"}
        layers.append({"mark": text_mark, "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}}})
    if limits:
        layers.append(
            {
                "data": {"values": limits},
                "mark": {"type": "tick", "thickness": 3, "color": LIMIT_COLOUR, "size": _ROW_PX - 6},
                "encoding": {"x": {**x, "stack": None}, "y": y},
            }
        )
    height = len(names) * (_ROW_PX if not several or chart.stacked else max(_ROW_PX, 12 * len(titles) + 8))
    return _whole({"data": {"values": values}, "layer": layers}, WIDTH - labels - 22, height)


def _trend(table: Table, chart: Chart, group: Value, language: str) -> Spec | None:
    rows = [row for row in table.rows if chart.group is None or row.values[table.index(chart.group)] == group]
    keys = {"value": chart.series[0], "limit": chart.limit, "low": chart.low, "high": chart.high}
    values: list[Spec] = []
    for row in rows:
        day = row.values[table.index(chart.category)]
        if not isinstance(day, date):
            continue
        point: Spec = {"day": (day.date() if isinstance(day, datetime) else day).isoformat()}
        for name, key in keys.items():
            value = row.values[table.index(key)] if key else None
            point[name] = value if _drawable(value) else None
        values.append(point)
    if sum(point["value"] is not None or point["high"] is not None for point in values) < 2:
        return None
    x: Spec = {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {"title": None, "tickCount": 4, "labelExpr": _MONTH[language], "grid": False, "labelFlush": True},
    }
    y: Spec = {
        "type": "quantitative",
        "axis": {"title": chart.unit, "tickCount": 4, "format": ",~f"},
        "scale": {"zero": True},
    }
    # A day without a value breaks the line: a gap is a gap.
    layers: list[Spec] = []
    if chart.low and chart.high:
        layers.append(
            {
                "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
                "mark": {"type": "area", "color": COLOURS[4], "opacity": 0.35},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            }
        )
    layers.append(
        {
            "mark": {"type": "line", "color": COLOURS[0], "strokeWidth": 2, "invalid": "break-paths-show-domains"},
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
    return _whole({"data": {"values": values}, "layer": layers}, WIDTH - 70, _TREND_PX)


def _whole(inner: Spec, width: float, height: float) -> Spec:
    return {
        "$schema": _SCHEMA,
        **inner,
        "width": max(120, round(width)),
        "height": height,
        "background": "transparent",
        "config": {
            "font": FONT,
            "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "gridColor": "#e3e3e3"},
            "legend": {"labelFontSize": 11, "symbolType": "square"},
            "view": {"stroke": None},
        },
    }


def _scale(kind: Kind, most: float, unit: str, language: str) -> tuple[float, str]:
    """(divisor, unit) in which the numbers at an axis stay short."""
    if kind == "gib" and most >= 10 * TIB_GB:
        return float(TIB_GB), "TiB"
    if kind == "yen" and most >= 1_000_000:
        return (10_000.0, "万円") if language == "ja" else (1_000_000.0, "million yen")
    return 1.0, unit


def _drawable(value: Value) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _length(values: Sequence[Value], stacked: bool) -> float:
    numbers = [value for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    if not numbers:
        return 0.0
    return sum(numbers) if stacked else max(numbers)


def _stack(values: Sequence[Spec], names: Sequence[str]) -> float:
    sums = dict.fromkeys(names, 0.0)
    for each in values:
        sums[each["name"]] += each["value"]
    return max(sums.values())
