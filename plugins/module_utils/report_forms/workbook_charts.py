"""The charts of the workbook: the program's own, over cells."""

from __future__ import annotations

import math
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_bars import drawn_rows
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.chart_style import COLOURS, LIMIT_COLOUR
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Chart, Table, Value

_CHART_PX = 280


class Charts:
    """Draws beside tables. Bars refer to rows of a sheet of their own, which holds the longest in order."""

    def __init__(self, book: Any, sheet: str, language: Language) -> None:
        self.book = book
        self.sheet = sheet
        self.language = language
        self.lines: list[tuple[Value, ...]] = []

    def insert(self, sheet: Any, table: Table, first: int, last: int) -> None:
        """All charts of a table beside it; `first` and `last` are the rows of its values, from 0."""
        column = len(table.columns) + 1
        row = first - 1
        for chart in table.charts:
            drawings = (
                [self._bars(table, chart)]
                if chart.kind == "bars"
                else self._trends(sheet.get_name(), table, chart, (first, last))
            )
            for title, drawn, lines in drawings:
                drawn.set_title({"name": title, "name_font": {"size": 12}})
                drawn.set_legend({"position": "bottom"})
                height = max(_CHART_PX, 90 + 24 * lines)
                drawn.set_size({"width": 620, "height": height})
                sheet.insert_chart(row, column, drawn)
                row += height // 20 + 2

    def _bars(self, table: Table, chart: Chart) -> tuple[str, Any, int]:
        """Of the longest bars: their rows stand once more in the sheet for charts, in that order."""
        title, rows = drawn_rows(table, chart, self.language, scaled=False)
        keys = (*chart.series, *((chart.limit,) if chart.limit and not chart.stacked else ()))
        columns = [table.column(key) for key in (chart.category, *keys)]
        first = len(self.lines) + 1
        self.lines.append((title, *(column.title for column in columns[1:])))
        self.lines += [tuple(row.values[table.index(column.key)] for column in columns) for row in rows]
        self.lines.append(())
        last = first + len(rows) - 1
        drawn = self.book.add_chart({"type": "bar", **({"subtype": "stacked"} if chart.stacked else {})})
        for position, (key, column) in enumerate(zip(keys, columns[1:], strict=True), 1):
            colour = LIMIT_COLOUR if key == chart.limit else COLOURS[(position - 1) % len(COLOURS)]
            drawn.add_series(
                {
                    "name": column.title,
                    "categories": [self.sheet, first, 0, last, 0],
                    "values": [self.sheet, first, position, last, position],
                    "fill": {"color": colour},
                    "gap": 60,
                }
            )
        drawn.set_y_axis({"reverse": True, "interval_unit": 1})
        drawn.set_x_axis({"name": chart.unit, "num_format": "#,##0", "major_gridlines": {"visible": True}})
        return title, drawn, len(rows)

    def _trends(self, name: str, table: Table, chart: Chart, rows: tuple[int, int]) -> list[tuple[str, Any, int]]:
        return [
            (title, self._trend(name, table, chart, first, last), 0)
            for title, first, last in _parts(table, chart, *rows)
        ]

    def _trend(self, name: str, table: Table, chart: Chart, first: int, last: int) -> Any:
        drawn = self.book.add_chart({"type": "scatter", "subtype": "straight"})
        lines = (
            (chart.series[0], {"color": COLOURS[0], "width": 2}),
            (chart.low, {"color": COLOURS[4], "width": 1}),
            (chart.high, {"color": COLOURS[4], "width": 1}),
            (chart.limit, {"color": LIMIT_COLOUR, "width": 1.5, "dash_type": "dash"}),
        )
        for key, line in lines:
            if key is None:
                continue
            drawn.add_series(
                {
                    "name": table.column(key).title,
                    "categories": [name, first, table.index(chart.category), last, table.index(chart.category)],
                    "values": [name, first, table.index(key), last, table.index(key)],
                    "line": line,
                    "marker": {"type": "none"},
                }
            )
        drawn.set_x_axis({"num_format": "yyyy-mm", "num_font": {"rotation": -45}})
        drawn.set_y_axis({"name": chart.unit, "num_format": "#,##0", "min": 0})
        drawn.show_blanks_as("gap")
        return drawn

    def write_data(self, sheet: Any) -> None:
        """The rows that the bars refer to."""
        sheet.set_column(0, 0, 40)
        for number, line in enumerate(self.lines):
            for position, value in enumerate(line):
                if isinstance(value, str):
                    sheet.write_string(number, position, printable(value))
                elif isinstance(value, (int, float)) and math.isfinite(value):
                    sheet.write_number(number, position, value)


def _parts(table: Table, chart: Chart, first: int, last: int) -> list[tuple[str, int, int]]:
    """(title, first row, last row) of every course; the rows of a group stand together."""
    if chart.group is None:
        return [(chart.title, first, last)]
    values = table.values(chart.group)
    parts = []
    start = 0
    for number in range(1, len(values) + 1):
        if number == len(values) or values[number] != values[start]:
            parts.append((f"{chart.title}: {values[start]}", first + start, first + number - 1))
            start = number
    return parts[: chart.rows]
