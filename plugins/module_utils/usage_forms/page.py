"""The report as one HTML page: opens offline, reads on a phone, prints on A4. No script, nothing is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.charts import chart_svgs
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.tables import Column, Paper, Table, Value
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.values import shown


def page_html(templates: Path, paper: Paper, zone: ZoneInfo) -> str:
    """Render the page. `templates` is the folder with capacity_report.html.j2 and capacity_table.html.j2.

    Raises:
        OSError: a template cannot be read.
    """
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    draw = _drawer(environment, paper, zone)
    return environment.get_template("capacity_report.html.j2").render(paper=paper, draw=draw)


def _drawer(environment: Environment, paper: Paper, zone: ZoneInfo) -> Callable[[Table], Markup]:
    template = environment.get_template("capacity_table.html.j2")

    def draw(table: Table) -> Markup:
        def text(value: Value, column: Column) -> str:
            return shown(value, column, paper.language, zone)

        # The drawings come from our own specifications; the library escapes the names in them.
        drawings = [
            (title, Markup(svg))  # noqa: S704 (2026-11-24): see above
            for chart in table.charts
            for title, svg in chart_svgs(table, chart, zone, paper.language)
        ]
        rows = [
            (
                row.mark,
                [
                    (_look(value, column), text(value, column), _percent(value, column))
                    for value, column in zip(row.values, table.columns, strict=True)
                ],
            )
            for row in table.rows
        ]
        sums = table.totals()
        totals = None
        if sums is not None:
            totals = [
                (_look(value, column), text(value, column) if column.total else "")
                for value, column in zip(sums, table.columns, strict=True)
            ]
            totals[0] = ("text", paper.total_word)
        return Markup(template.render(table=table, drawings=drawings, rows=rows, totals=totals))  # noqa: S704 (2026-11-24): rendered with autoescape

    return draw


def _look(value: Value, column: Column) -> str:
    kind = "number" if column.is_number else "text"
    return f"{kind} none" if value is None else kind


def _percent(value: Value, column: Column) -> float | None:
    if not column.bar or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else 101.0
