"""The report for machines: JSON with everything, CSV of one table. Values keep all their digits."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date, datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Kind, Paper, Row, Table, Value

# What a spreadsheet takes for a formula when it stands first (OWASP, "CSV Injection"); names in vCenter are not ours.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def paper_json(paper: Paper) -> str:
    """The report as JSON; its keys are the same in both languages. `units` says in what a column is."""
    data = {
        "title": paper.title,
        "subtitle": paper.subtitle,
        "language": paper.language,
        "facts": [{"name": fact.name, "text": fact.text, "mark": fact.mark} for fact in paper.facts],
        "alerts": [{"name": fact.name, "text": fact.text, "mark": fact.mark} for fact in paper.alerts],
        "notes": list(paper.notes),
        "missing": list(paper.missing),
        "tables": {table.key: _table_data(table) for table in paper.tables()},
    }
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def table_csv(table: Table) -> str:
    """One table with a line of titles, RFC 4180. No totals: they are the reader's to make."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([column.title for column in table.columns])
    for row in table.rows:
        writer.writerow(
            [_csv_value(value, column.kind) for value, column in zip(row.values, table.columns, strict=True)]
        )
    return stream.getvalue()


def _table_data(table: Table) -> dict[str, Any]:
    totals = table.totals()
    return {
        "title": table.title,
        "units": {column.key: column.kind for column in table.columns},
        "rows": [_row_data(table, row) for row in table.rows],
        "totals": None
        if totals is None
        else {
            column.key: _json_value(value, column.kind)
            for column, value in zip(table.columns, totals, strict=True)
            if column.total
        },
        "notes": list(table.notes),
    }


def _row_data(table: Table, row: Row) -> dict[str, Any]:
    data: dict[str, Any] = {
        column.key: _json_value(value, column.kind) for column, value in zip(table.columns, row.values, strict=True)
    }
    if row.mark:
        data["mark"] = row.mark
    return data


def _json_value(value: Value, kind: Kind) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return f"{value:%Y-%m}" if kind == "month" else value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no number for "more than there is": "inf"
    return value


def _csv_value(value: Value, kind: Kind) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return _json_value(value, kind)
