"""The report as one HTML page: opens offline, reads on a phone, prints on A4. No script, nothing is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.charts import chart_svgs
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Column,
    Paper,
    Section,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import shown

# What a phone does not show of a table; see th.wide.text in the template.
_HIDDEN = {
    "ja": "画面が狭いため表示していない列: {names}（表は横に動かせます）",
    "en": "Left out on this narrow screen: {names} (the table scrolls sideways)",
}

# A longer list would be dozens of sheets: it is printed only where it was opened, and its place says so.
_PRINTED_ROWS = 500
_UNPRINTED = {"ja": "（長い一覧のため、開いた場合だけ印刷します）", "en": " (a long list: printed only when opened)"}


def page_html(templates: Path, paper: Paper, zone: ZoneInfo) -> str:
    """Render the page. `templates` is the folder with report_*.html.j2.

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
    page = environment.get_template("report_page.html.j2")
    return page.render(
        paper=paper,
        printed_rows=_PRINTED_ROWS,
        unprinted=_UNPRINTED[paper.language],
        draw=_tables(environment, paper, zone),
        charts=_charts(environment, paper),
    )


def _charts(environment: Environment, paper: Paper) -> Callable[[Section], Markup]:
    template = environment.get_template("report_charts.html.j2")

    def draw(section: Section) -> Markup:
        """All drawings of a section, beside each other; those of a folded table too."""
        # The drawings come from our own specifications; the library escapes the names in them.
        drawings = [
            (title, Markup(svg))  # noqa: S704 (2026-11-24): see above
            for table in section.tables
            for chart in table.charts
            for title, svg in chart_svgs(table, chart, paper.language)
        ]
        return Markup(template.render(drawings=drawings))  # noqa: S704 (2026-11-24): rendered with autoescape

    return draw


def _tables(environment: Environment, paper: Paper, zone: ZoneInfo) -> Callable[[Table], Markup]:
    template = environment.get_template("report_table.html.j2")

    def text(value: Value, column: Column) -> str:
        return shown(value, column, paper.language, zone)

    def draw(table: Table) -> Markup:
        rows = [
            (
                row.mark,
                [
                    (
                        _look(value, column),
                        text(value, column),
                        _percent(value, column),
                        row.links.get(column.key, ""),
                    )
                    for value, column in zip(row.values, table.columns, strict=True)
                ],
            )
            for row in table.rows
        ]
        sums = table.totals()
        totals = None
        if sums is not None:
            totals = [
                (
                    _look(value, column) if column.total else _look("", column),
                    text(value, column) if column.total else "",
                )
                for value, column in zip(sums, table.columns, strict=True)
            ]
            totals[0] = ("text", paper.total_word)
        names = [column.title for column in table.columns if not column.narrow and not column.is_number]
        separator = "、" if paper.language == "ja" else ", "
        hidden = _HIDDEN[paper.language].format(names=separator.join(names)) if names else ""
        return Markup(template.render(table=table, rows=rows, totals=totals, hidden=hidden))  # noqa: S704 (2026-11-24): as above

    return draw


def _look(value: Value, column: Column) -> str:
    looks = ["number" if column.is_number else "text"]
    if value is None:
        looks.append("none")
    if not column.narrow:
        looks.append("wide")
    return " ".join(looks)


def _percent(value: Value, column: Column) -> float | None:
    if not column.bar or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else 101.0
