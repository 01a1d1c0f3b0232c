"""What every form of the report shows: sections with tables, charts and notes, already in the reader's language.

One place decides what stands in the report; the forms only draw it, so that a number is the same on paper, in a cell
and in JSON. Values are plain and not rounded; the kind of a column says how a form writes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Kind = Literal["text", "count", "decimal", "gib", "mhz", "percent", "yen", "day", "moment", "month"]
Value = str | int | float | date | datetime | None

NUMERIC: frozenset[Kind] = frozenset({"count", "decimal", "gib", "mhz", "percent", "yen"})
Mark = Literal["", "warning", "alarm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `key` is its name for machines, the same in every language."""

    key: str
    title: str
    kind: Kind = "text"
    total: bool = False  # the last line of the table adds it up
    bar: bool = False  # a percentage that the terminal and the page also draw
    blank: bool = False  # None means that there is nothing to say, not that it was not collected
    narrow: bool = True  # False: left out where there is little room (a terminal of 80 columns, a phone)

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, which stand at the right."""
        return self.kind in NUMERIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: a value per column. None is "not collected", never 0. `mark` says that it needs a person."""

    values: tuple[Value, ...]
    mark: Mark = ""
    division: str | None = None  # id of the division whose sheet repeats the line
    links: Mapping[str, str] = field(default_factory=dict)  # column -> file beside the page to which its value leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing of columns of the table beside it, by their keys; both the page and the workbook draw it.

    `bars`: one horizontal bar per line, the series one after the other (stacked) or beside each other.
    `trend`: the first series over the days of `category`, with a band between `low` and `high`, up to `limit`.
    """

    title: str
    kind: Literal["bars", "trend"]
    category: str
    series: tuple[str, ...]
    unit: str = ""
    unit_column: str | None = None  # trend only: column that says the unit
    stacked: bool = False
    limit: str | None = None  # column that holds the value not to pass
    low: str | None = None
    high: str | None = None
    group: str | None = None  # trend only: column that parts the table into one drawing per value
    in_tib: bool = False  # storage: drawn in TiB where GiB would be long
    rows: int = 20  # the most lines (trend: groups) that are drawn, the largest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table; `key` is its name for machines (JSON, the file of a CSV, the sheet)."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()  # how the numbers came about; what is missing
    charts: tuple[Chart, ...] = ()
    empty: str = ""  # what to say when there is no row
    drawn: bool = False  # the numbers behind a drawing or a shorter table: left out where people only read
    detail: bool = False  # long lists: the page folds them, the terminal shows the first lines

    def index(self, key: str) -> int:
        """Position of a column. Raises KeyError for a name that is none."""
        for position, column in enumerate(self.columns):
            if column.key == key:
                return position
        raise KeyError(f"{self.key} has no column {key}")

    def column(self, key: str) -> Column:
        """The column of a name."""
        return self.columns[self.index(key)]

    def values(self, key: str) -> tuple[Value, ...]:
        """All values of a column."""
        position = self.index(key)
        return tuple(row.values[position] for row in self.rows)

    def totals(self) -> tuple[Value, ...] | None:
        """The line below the table: sums of the columns that have one; None without any or without rows.

        A sum with a part that was not collected is not collected; where there is nothing to say, nothing is added.
        """
        if not self.rows or not any(column.total for column in self.columns):
            return None
        return tuple(
            _sum([row.values[position] for row in self.rows], column.blank) if column.total else None
            for position, column in enumerate(self.columns)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of the summary: a name, what to say, and whether it needs a person."""

    name: str
    text: str
    mark: Mark = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with tables below it."""

    key: str
    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A division (of whatever the report is parted by) with a sheet of its own."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The whole report in one language."""

    language: Literal["ja", "en"]
    title: str
    subtitle: str
    facts: tuple[Fact, ...]
    alerts: tuple[Fact, ...]
    notes: tuple[str, ...]  # what must be known to read the numbers
    missing: tuple[str, ...]  # sources that could not be read, one line each
    sections: tuple[Section, ...]
    divisions: tuple[Division, ...]
    total_word: str
    not_collected_word: str

    def tables(self) -> tuple[Table, ...]:
        """Every table, in the order of the report."""
        return tuple(table for section in self.sections for table in section.tables)


def _sum(values: Sequence[Value], blank: bool) -> int | float | None:
    whole: int | float = 0
    for value in values:
        if value is None and blank:
            continue
        if not isinstance(value, (int, float)):
            return None
        whole += value
    return whole
