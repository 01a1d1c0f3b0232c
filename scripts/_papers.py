"""A report as a script writes it: to the terminal, or to a file that is complete; as table, JSON, HTML or XLSX."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scripts._output import Complete

if TYPE_CHECKING:
    from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_PIPE_COLUMNS, _LEAST_COLUMNS = 120, 40
_ROWS = 20
_SUFFIXES = {".htm": "html", ".txt": "table", "": "table"}


def form_of(output: Path | None, forms: Sequence[str]) -> str:
    """The form that the suffix of `output` asks for; a table where there is none.

    Raises ValueError: no form ends so, and a table under that name would not open.
    """
    suffix = output.suffix.lower() if output else ""
    form = _SUFFIXES.get(suffix, suffix.removeprefix("."))
    if form not in forms:
        raise ValueError(f"--output {output}: no form is called {suffix}; name it with --format {', '.join(forms)}")
    return form


def write_paper(paper: Paper, zone: ZoneInfo, form: str, output: Path | None, *, every_row: bool) -> None:
    """Write a report as `form` (table, json, html, xlsx) into `output`, or without it to standard output.

    A workbook needs a file. `every_row`: long lists are not cut off on the terminal; in a file they never are.
    """
    # Each form is loaded only when it is asked for: the table must not wait for charts.
    if form == "xlsx":
        from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.workbook import write_workbook

        assert output is not None
        with Complete(output) as file:
            write_workbook(paper, file, zone)
        return
    text = _text(paper, zone, form, output, every_row=every_row)
    if output is None:
        sys.stdout.write(text)
    else:
        with Complete(output) as file:
            file.write_text(text, encoding="utf-8")


def _text(paper: Paper, zone: ZoneInfo, form: str, output: Path | None, *, every_row: bool) -> str:
    if form == "json":
        from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.plain import paper_json

        return paper_json(paper)
    if form == "html":
        from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.page import page_html

        return page_html(_TEMPLATES, paper, zone)
    from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.terminal import terminal_text

    if output is not None:
        return terminal_text(paper, zone, width=None, limit=None)
    return terminal_text(
        paper,
        zone,
        # COLUMNS, else the terminal's own; a pipe has none.
        width=max(_LEAST_COLUMNS, shutil.get_terminal_size((_PIPE_COLUMNS, 0)).columns),
        colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
        limit=None if every_row else _ROWS,
    )
