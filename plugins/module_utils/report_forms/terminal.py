"""The report in a terminal: tables with units and bars, in columns that also hold where letters are two wide.

Bars are ASCII: a terminal set up for Japanese draws block characters twice as wide as they count elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import (
    Column,
    Fact,
    Mark,
    Paper,
    Row,
    Table,
    Value,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.values import shown
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import columns as width_of
from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import cut, pad, wrap

COLOURS: dict[Mark, str] = {"warning": "\033[33m", "alarm": "\033[31m"}
_BOLD, _PLAIN = "\033[1m", "\033[0m"
_BAR = 10
_GAP = "  "
_LEAST_TEXT = 8
_READABLE_TEXT = 20
_TITLE = 20
_NO_LIMIT = 1_000_000
LEFT_OUT = {"ja": "省略した列（--all で表示）: {names}", "en": "columns left out (--all shows them): {names}"}
MORE = {"ja": "… ほか {count} 行（--all で全件表示）", "en": "… and {count} more rows (--all shows them)"}


def terminal_text(
    paper: Paper, zone: ZoneInfo, *, width: int | None = 100, colour: bool = False, limit: int | None = 20
) -> str:
    """The whole report.

    `width` is in columns (None: as wide as it needs). A table that is wider goes on below itself, its first columns
    repeated, so that nothing is lost; `limit` is the most rows of a long list, of which the columns that fit are
    enough (None: all rows and columns).
    """
    width = _NO_LIMIT if width is None else width
    drawing = _Drawing(paper, zone, width, colour, limit)
    lines = [drawing.strong(paper.title), *wrap(paper.subtitle, width), ""]
    for reason in paper.missing:
        lines += drawing.marked("alarm", wrap(f"! {reason}", width))
    facts = (*paper.facts, *paper.alerts)
    names = max((width_of(fact.name) for fact in facts), default=0)
    lines += [line for fact in facts for line in drawing.fact(fact, min(names, width // 2))]
    for note in paper.notes:
        lines += wrap(f"* {note}", width)
    for section in paper.sections:
        lines += ["", drawing.strong(f"== {section.title}")]
        lines += [line for note in section.notes for line in wrap(note, width)]
        for table in section.tables:
            if not table.drawn:
                lines += drawing.table(table, section.title)
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Drawing:
    def __init__(self, paper: Paper, zone: ZoneInfo, width: int, colour: bool, limit: int | None) -> None:
        self.paper = paper
        self.zone = zone
        self.width = width
        self.colour = colour
        self.limit = limit

    def strong(self, text: str) -> str:
        return f"{_BOLD}{text}{_PLAIN}" if self.colour else text

    def marked(self, mark: Mark, lines: Sequence[str]) -> list[str]:
        if not self.colour or mark not in COLOURS:
            return list(lines)
        return [f"{COLOURS[mark]}{line}{_PLAIN}" for line in lines]

    def fact(self, fact: Fact, width: int) -> list[str]:
        names, parts = wrap(fact.name, width), wrap(fact.text, max(20, self.width - width - 1))
        pairs = zip_longest(names, parts, fillvalue="")
        return self.marked(fact.mark, [f"{pad(name, width)} {part}" for name, part in pairs])

    def table(self, table: Table, title: str) -> list[str]:
        if not table.rows:
            head = [""] if table.title == title else ["", table.title]
            return [*head, *wrap(table.empty, self.width)]
        rows = table.rows[: self.limit] if table.detail else table.rows
        totals = table.totals()
        short = len(rows) < len(table.rows)
        parts = [self._columns(table, rows, totals)] if short else self._parts(table, rows, totals)
        lines = [table.title] if table.title != title else []
        for number, used in enumerate(parts):
            lines += [*([""] if number else []), *self._part(table, rows, totals, used)]
        left_out = [
            column.title for place, column in enumerate(table.columns) if not any(place in used for used in parts)
        ]
        if left_out:
            names = ("、" if self.paper.language == "ja" else ", ").join(left_out)
            lines += wrap(LEFT_OUT[self.paper.language].format(names=names), self.width)
        return ["", *lines, *(line for note in table.notes for line in wrap(note, self.width))]

    def _part(
        self, table: Table, rows: Sequence[Row], totals: Sequence[Value] | None, used: Sequence[int]
    ) -> list[str]:
        """Some columns of a table, with their heading and sums."""
        widths = [self._width(table, rows, totals, each) for each in used]
        self._squeeze(table, used, widths)
        rule = _GAP.join("-" * width for width in widths)
        lines = [*self._heading(table, used, widths), rule]
        for row in rows:
            cells = [self._cell(row.values[each], table.columns[each]) for each in used]
            lines += self.marked(row.mark, [self._line(cells, table, used, widths)])
        hidden = len(table.rows) - len(rows)
        if hidden > 0:
            lines.append(MORE[self.paper.language].format(count=hidden))
        if totals is not None:
            lines += [rule, self._line(self._total_cells(table, totals, used), table, used, widths)]
        return lines

    def _parts(self, table: Table, rows: Sequence[Row], totals: Sequence[Value] | None) -> list[list[int]]:
        """All columns, in as many parts as the width needs; each begins with the columns that tell the rows apart."""
        least = [self._least(table, rows, totals, place) + len(_GAP) for place in range(len(table.columns))]
        key = list(range(_key_columns(rows)))
        if sum(least[place] for place in key) > self.width // 2:
            key = [0]
        parts, used = [], list(key)
        for place in range(len(key), len(table.columns)):
            if len(used) > len(key) and sum(least[each] for each in (*used, place)) - len(_GAP) > self.width:
                parts.append(used)
                used = list(key)
            used.append(place)
        return [*parts, used]

    def _heading(self, table: Table, used: Sequence[int], widths: Sequence[int]) -> list[str]:
        """Titles in as many lines as the longest needs, standing on the rule."""
        parts = [wrap(table.columns[each].title, width) for each, width in zip(used, widths, strict=True)]
        height = max(len(part) for part in parts)
        parts = [[""] * (height - len(part)) + part for part in parts]
        return [self._line([part[number] for part in parts], table, used, widths) for number in range(height)]

    def _total_cells(self, table: Table, totals: Sequence[Value], used: Sequence[int]) -> list[str]:
        cells = [self._cell(totals[each], table.columns[each]) if table.columns[each].total else "" for each in used]
        return [self.paper.total_word, *cells[1:]]

    def _columns(self, table: Table, rows: Sequence[Row], totals: Sequence[Value] | None) -> list[int]:
        """Columns that fit: the wide ones are left out first, then others, from the right; the first one stays."""
        used = list(range(len(table.columns)))
        wide = [position for position in used if not table.columns[position].narrow]
        others = [position for position in used[1:] if table.columns[position].narrow]
        widths = {position: self._least(table, rows, totals, position) for position in used}
        for position in (*reversed(wide), *reversed(others)):
            if sum(widths[each] + len(_GAP) for each in used) - len(_GAP) <= self.width:
                break
            used.remove(position)
        return used

    def _least(self, table: Table, rows: Sequence[Row], totals: Sequence[Value] | None, position: int) -> int:
        """What a column needs; text can be cut."""
        width = self._width(table, rows, totals, position)
        return width if table.columns[position].is_number else min(width, _READABLE_TEXT)

    def _width(self, table: Table, rows: Sequence[Row], totals: Sequence[Value] | None, position: int) -> int:
        column = table.columns[position]
        # A long title without spaces (Japanese) is broken anywhere, before a column becomes wider than its values.
        title = max(min(width_of(word), _TITLE) for word in column.title.split())
        cells = [*(self._cell(row.values[position], column) for row in rows)]
        if totals is not None:
            cells.append(self.paper.total_word if position == 0 else self._total_cells(table, totals, [0, position])[1])
        return max(title, *(width_of(cell) for cell in cells))

    def _squeeze(self, table: Table, used: Sequence[int], widths: list[int]) -> None:
        """Take what is too much from the widest columns of text."""
        while sum(widths) + len(_GAP) * (len(widths) - 1) > self.width:
            texts = [
                place
                for place, position in enumerate(used)
                if not table.columns[position].is_number and widths[place] > _LEAST_TEXT
            ]
            if not texts:
                return
            widest = max(texts, key=lambda place: widths[place])
            widths[widest] -= 1

    def _line(self, cells: Sequence[str], table: Table, used: Sequence[int], widths: Sequence[int]) -> str:
        parts = []
        for cell, position, width in zip(cells, used, widths, strict=True):
            text = cut(cell, width) if width_of(cell) > width else cell
            parts.append(
                " " * (width - width_of(text)) + text if table.columns[position].is_number else pad(text, width)
            )
        return _GAP.join(parts)

    def _cell(self, value: Value, column: Column) -> str:
        text = shown(value, column, self.paper.language, self.zone)
        if column.bar and isinstance(value, (int, float)):
            return f"{text} {bar(value)}"
        return text


def _key_columns(rows: Sequence[Row]) -> int:
    """How many of the first columns it takes to tell the rows apart; 1 where they never can be."""
    for count in range(1, len(rows[0].values) + 1):
        if len({row.values[:count] for row in rows}) == len(rows):
            return count
    return 1


def bar(percent: float) -> str:
    """Ten steps of a percentage: "|####      |"; more than everything ends with ">"."""
    full = min(_BAR, max(0, int(percent / 100 * _BAR + 0.5)))
    return f"|{'#' * full}{' ' * (_BAR - full)}{'>' if percent > 100 else '|'}"
