"""The report as a workbook: one sheet per table and per division, typed cells, filters, charts of the program's own.

Rows are written one after the other and leave the memory at once (XlsxWriter's constant_memory).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Column,
    Division,
    Fact,
    Kind,
    Mark,
    Paper,
    Row,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import shown
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.workbook_charts import Charts
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import columns as width_of

_FORMATS: dict[Kind, str] = {
    "count": "#,##0",
    "decimal": "#,##0.0",
    "gib": "#,##0.0",
    "mhz": "#,##0",
    "percent": '0.0"%"',
    "yen": "#,##0",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
    "month": "yyyy-mm",
}
# Excel's own dates of the Japanese eras: 令和8年11月24日.
_FORMATS_JA: dict[Kind, str] = {
    **_FORMATS,
    "day": '[$-411]ggge"年"m"月"d"日"',
    "moment": '[$-411]ggge"年"m"月"d"日" hh:mm',
    "month": '[$-411]ggge"年"m"月"',
}
_FILLS: dict[Mark, str] = {"warning": "#FFF3CD", "alarm": "#F8D7DA"}
_NAME_LENGTH = 31  # of a sheet, the program's limit
_WIDEST = 44
_HEADING_ROW = 2  # of a sheet with one table: title, empty, heading
_CONTENTS = {"ja": "目次", "en": "Contents"}
_NOTE = {"ja": "注記", "en": "note"}
_CHARTS = {"ja": "グラフのデータ", "en": "Data of the charts"}
_SUMMARY = {"ja": "まとめ", "en": "Summary"}


def write_workbook(paper: Paper, file: Path, zone: ZoneInfo) -> None:
    """Write the workbook. Raises OSError where the file cannot be written."""
    book = xlsxwriter.Workbook(
        file,
        # Text is text: never a formula, a link or a number, whatever it looks like.
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
        },
    )
    book.set_properties({"title": paper.title, "comments": paper.subtitle})
    book.set_calc_mode("auto")
    _Writer(book, paper, zone).write()
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a table stands in its sheet: the row of its heading and the first and last of its values, from 0."""

    heading: int
    first: int
    last: int


class _Writer:
    def __init__(self, book: Any, paper: Paper, zone: ZoneInfo) -> None:
        self.book = book
        self.paper = paper
        self.zone = zone
        self.formats: dict[tuple[Any, ...], Any] = {}
        self.names: set[str] = set()
        self.charts = Charts(book, self._name(_CHARTS[paper.language]), paper.language)
        self.kinds = _FORMATS_JA if paper.language == "ja" else _FORMATS

    def write(self) -> None:
        """The summary with its list of sheets first, then tables, then divisions."""
        summary = self._sheet(_SUMMARY[self.paper.language])
        tables = [(table, self._name(table.title)) for table in self.paper.tables() if table.rows]
        divisions = [(division, self._name(division.name)) for division in self.paper.divisions]
        self._summary(summary, [name for _, name in tables], [name for _, name in divisions])
        for table, name in tables:
            sheet = self._sheet(name, known=True)
            place = self._table(sheet, table, table.rows, 0, filters=True)
            sheet.freeze_panes(place.first, 1)
            sheet.repeat_rows(place.heading)
            self.charts.insert(sheet, table, place.first, place.last)
        for division, name in divisions:
            self._division(self._sheet(name, known=True), division)
        if any(table.charts for table, _ in tables):
            self.charts.write_data(self._sheet(self.charts.sheet, known=True))

    # --- sheets ------------------------------------------------------------------------------------------------------

    def _summary(self, sheet: Any, tables: Sequence[str], divisions: Sequence[str]) -> None:
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 90)
        sheet.write_string(0, 0, self.paper.title, self._format(bold=True, font_size=16))
        sheet.write_string(1, 0, self.paper.subtitle)
        row = 3
        facts = [Fact(name="!", text=text, mark="alarm") for text in self.paper.missing]
        notes = [Fact(name=_NOTE[self.paper.language], text=text) for text in self.paper.notes]
        for fact in (*facts, *self.paper.facts, *self.paper.alerts, *notes):
            fill = _fill(fact.mark)
            sheet.write_string(row, 0, fact.name, self._format(text_wrap=True, valign="top", bold=True, **fill))
            sheet.write_string(row, 1, fact.text, self._format(text_wrap=True, valign="top", **fill))
            row += 1
        row += 1
        sheet.write_string(row, 0, _CONTENTS[self.paper.language], self._format(bold=True))
        for name in (*tables, *divisions):
            row += 1
            # The only links: our own sheets, whose names hold nothing that a link could break on.
            sheet.write_url(row, 0, f"internal:'{name}'!A1", string=name)

    def _division(self, sheet: Any, division: Division) -> None:
        """What a division has: its rows of every table that has some; the filter is on the longest one, the last."""
        sheet.write_string(0, 0, division.name, self._format(bold=True, font_size=16))
        parts = []
        for table in self.paper.tables():
            rows = [row for row in table.rows if row.division == division.id]
            if rows:
                parts.append((table, rows))
        parts.sort(key=lambda part: len(part[1]))
        row = 2
        widths: dict[int, float] = {}
        for number, (table, rows) in enumerate(parts, 1):
            place = self._table(sheet, table, rows, row, filters=number == len(parts), widths=widths)
            row = place.last + 3 + (table.totals() is not None)

    def _table(
        self,
        sheet: Any,
        table: Table,
        rows: Sequence[Row],
        start: int,
        *,
        filters: bool,
        widths: dict[int, float] | None = None,
    ) -> _Place:
        """Title, heading, rows, sums and notes from a row on."""
        place = _Place(start + _HEADING_ROW, start + _HEADING_ROW + 1, start + _HEADING_ROW + len(rows))
        self._widths(sheet, table, rows, {} if widths is None else widths)
        sheet.write_string(start, 0, table.title, self._format(bold=True, font_size=13))
        heading = self._format(bold=True, text_wrap=True, valign="top", bg_color="#E8EEF4", bottom=1)
        for position, column in enumerate(table.columns):
            sheet.write_string(place.heading, position, column.title, heading)
        for number, row in enumerate(rows, place.first):
            for position, (value, column) in enumerate(zip(row.values, table.columns, strict=True)):
                self._cell(sheet, (number, position), value, column, row.mark)
        if filters:
            sheet.autofilter(place.heading, 0, place.last, len(table.columns) - 1)
        after = place.last + 1
        totals = Table(key=table.key, title="", columns=table.columns, rows=tuple(rows)).totals()
        if totals is not None:
            self._totals(sheet, table, totals, place)
            after += 1
        if filters:
            for number, note in enumerate(table.notes, after + 1):
                sheet.write_string(number, 0, note, self._format(italic=True, font_color="#555555"))
        return place

    def _totals(self, sheet: Any, table: Table, totals: Sequence[Value], place: _Place) -> None:
        row = place.last + 1
        sheet.write_string(row, 0, self.paper.total_word, self._format(bold=True, top=1))
        for position, (column, total) in enumerate(zip(table.columns, totals, strict=True)):
            if position == 0:
                continue
            look = self._format(bold=True, top=1, num_format=self.kinds.get(column.kind, "General"))
            if not column.total:
                sheet.write_blank(row, position, None, look)
            elif isinstance(total, (int, float)):
                letter = xl_col_to_name(position)
                # 109: sum of what the filter shows.
                formula = f"=SUBTOTAL(109,{letter}{place.first + 1}:{letter}{place.last + 1})"
                sheet.write_formula(row, position, formula, look, total)
            else:
                sheet.write_string(row, position, self.paper.not_collected_word, look)

    # --- cells -------------------------------------------------------------------------------------------------------

    def _cell(self, sheet: Any, at: tuple[int, int], value: Value, column: Column, mark: Mark) -> None:
        fill = _fill(mark)
        number_format = self.kinds.get(column.kind, "General")
        if value is None and column.blank:
            # Empty, and no text: a chart would draw text as 0.
            sheet.write_blank(*at, None, self._format(**fill))
        elif value is None:
            look = self._format(font_color="#888888", align="right", **fill)
            sheet.write_string(*at, self.paper.not_collected_word, look)
        elif isinstance(value, str):
            sheet.write_string(*at, printable(value), self._format(valign="top", **fill))
        elif isinstance(value, datetime):
            local = value.astimezone(self.zone).replace(tzinfo=None)
            sheet.write_datetime(*at, local, self._format(num_format=self.kinds["moment"], **fill))
        elif isinstance(value, date):
            sheet.write_datetime(*at, value, self._format(num_format=number_format, **fill))
        elif math.isfinite(value):
            sheet.write_number(*at, value, self._format(num_format=number_format, **fill))
        else:
            sheet.write_string(*at, "∞", self._format(align="right", **fill))

    def _format(self, **properties: Any) -> Any:
        """A format is made once: a workbook may hold only so many."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(properties)
        return self.formats[key]

    def _widths(self, sheet: Any, table: Table, rows: Iterable[Row], widths: dict[int, float]) -> None:
        """As wide as the heading's half (it wraps) and the first rows need."""
        sample = list(rows)[:200]
        for position, column in enumerate(table.columns):
            texts = [shown(row.values[position], column, self.paper.language, self.zone) for row in sample]
            need = max([width_of(text) for text in texts] + [math.ceil(width_of(column.title) / 2), 8]) + 2
            widths[position] = max(widths.get(position, 0), min(_WIDEST, need))
            sheet.set_column(position, position, widths[position])

    def _sheet(self, name: str, *, known: bool = False) -> Any:
        sheet = self.book.add_worksheet(name if known else self._name(name))
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&R&P / &N")
        return sheet

    def _name(self, wanted: str) -> str:
        """A name that the program takes, not yet used (it looks at no case)."""
        plain = re.sub(r"[\[\]:*?/\\']", "・", printable(wanted)).strip() or "-"
        name = plain[:_NAME_LENGTH]
        number = 2
        while name.casefold() in self.names:
            end = f" ({number})"
            name = plain[: _NAME_LENGTH - len(end)] + end
            number += 1
        self.names.add(name.casefold())
        return name


def _fill(mark: Mark) -> dict[str, str]:
    return {"bg_color": _FILLS[mark]} if mark in _FILLS else {}
