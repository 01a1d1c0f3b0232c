#!/usr/bin/env python3
"""Say who uses what, what is left, when it is full, what it costs. Works from the repository alone, without vCenter.

Examples:
  scripts/capacity_report.py                                      the whole estate as described, in Japanese
  scripts/capacity_report.py --owner 福祉部 --lang en             what one bureau, division or section has
  scripts/capacity_report.py --what-if "4 x m8 in lgwan"          does it fit, or what tips
  scripts/capacity_report.py --fiscal-year R8 --output r8.xlsx    the fiscal year's cost, one sheet per division
  scripts/capacity_report.py --live inventory/lab --history --output report.html
  scripts/capacity_report.py --format csv --table systems         one table as CSV; --output FOLDER/ writes them all

Exit codes:
  0  done, no threshold of platform/capacity.yml is passed, and what --what-if asks for fits
  1  wrong use, unreadable data, or a source that was asked for could not be read (what is there is shown)
  2  a threshold is passed, or --what-if would pass one or fits in no cluster that it is about;
     also where a source could not be read, which standard error then says
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal import (
    FiscalYear,
    fiscal_year_of,
    parse_day,
    parse_fiscal_year,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import (
    Filters,
    Period,
    UnusableRequest,
    WhatIfRequest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.questions import EXAMPLE, what_if_request
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.usage_report import Asked, Made, make_report
from scripts._console import run_and_exit
from scripts._output import Complete
from scripts._papers import form_of, write_paper

if TYPE_CHECKING:
    from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper

OK, FAILED, EXCEEDED = 0, 1, 2
FORMATS = ("table", "json", "csv", "xlsx", "html")


class Parser(argparse.ArgumentParser):
    """One line per error; the usage is one --help away."""

    def error(self, message: str) -> NoReturn:
        """Print one line and end with exit code 1."""
        self.exit(FAILED, f"{self.prog}: {message} (see --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Make the report and write it; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Japanese letters must not hide the numbers.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = _parse(arguments)
    try:
        made = make_report(_asked(options))
        _write(made, options)
    except BrokenPipeError:
        raise  # the reader (head, less) has seen enough: run_and_exit ends quietly
    except (InvalidEstate, UnusableRequest, VerbRefused, RecordsError) as error:
        return _failed(str(error))
    except OSError as error:
        where = error.filename or options.output or "the report"
        return _failed(f"{where} cannot be written: {error.strerror or error}")
    for reason in made.unread:
        print(f"capacity_report: {reason}", file=sys.stderr)
    if made.report.exceeded or _refused(made):
        return EXCEEDED
    return FAILED if made.unread else OK


def _refused(made: Made) -> bool:
    """Whether what was asked for fits nowhere under the thresholds; one cluster that takes it is enough."""
    asked = made.report.what_if
    return asked is not None and not any(place.answer == "fits" for place in asked.places)


def _failed(message: str) -> int:
    print(f"capacity_report: {message}", file=sys.stderr)
    return FAILED


def _asked(options: argparse.Namespace) -> Asked:
    now = datetime.now(UTC)
    as_of = options.as_of or today(now)
    target = None
    if options.live is not None:
        # Ansible takes half a second to load, which a report without vCenter does not pay.
        from ansible_collections.kyotsu.platform.plugins.plugin_utils.target_of_inventory import target_of_inventory

        target = target_of_inventory(options.live, options.repository)
    return Asked(
        repository=options.repository,
        filters=Filters(system=options.system, owner=options.owner, segment=options.segment),
        as_of=as_of,
        period=_period(options, as_of),
        what_if=options.what_if,
        target=target,
        history=options.history,
        password_file=options.password_file,
        now=now,
    )


def _period(options: argparse.Namespace, as_of: date) -> Period:
    if options.first_day or options.last_day:
        first = options.first_day or fiscal_year_of(as_of).first_day
        last = options.last_day or as_of
        if first > last:
            raise UnusableRequest(f"--from {first} is after --to {last}")
        return Period(first_day=first, last_day=last)
    year: FiscalYear = options.fiscal_year or fiscal_year_of(as_of)
    return Period(first_day=year.first_day, last_day=year.last_day, fiscal_year=year)


# --- writing ------------------------------------------------------------------------------------------------------


def _write(made: Made, options: argparse.Namespace) -> None:
    from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms import paper

    drawn = paper.make_paper(made.report, made.estate, options.lang)
    zone = ZoneInfo(made.estate.platform.estate.timezone)
    if options.format == "csv":
        _write_csv(drawn, options)
    else:
        write_paper(drawn, zone, options.format, options.output, every_row=options.all)


def _write_csv(drawn: Paper, options: argparse.Namespace) -> None:
    from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.plain import table_csv

    tables = {table.key: table for table in drawn.tables()}
    if options.table is not None and options.table not in tables:
        raise UnusableRequest(f"--table {options.table}: this report has {', '.join(tables)}")
    if options.output is not None and options.table is None and (options.folder or _is_folder(options.output)):
        options.output.mkdir(parents=True, exist_ok=True)
        for key, table in tables.items():
            _write_csv_file(options.output / f"{key}.csv", table_csv(table))
        return
    text = table_csv(tables[options.table or "divisions"])
    if options.output is None:
        sys.stdout.write(text)
    else:
        _write_csv_file(options.output, text)


def _write_csv_file(file: Path, text: str) -> None:
    with Complete(file) as new:
        # With the byte order mark Excel takes it for UTF-8.
        new.write_text(text, encoding="utf-8-sig", newline="")


def _is_folder(path: Path) -> bool:
    return path.is_dir() or (not path.exists() and not path.suffix)


# --- options ------------------------------------------------------------------------------------------------------


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(prog="capacity_report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_argument_group("what it is about")
    what.add_argument("--system", metavar="ID", help="only this system: s02, or its name")
    what.add_argument(
        "--owner", metavar="ID", help="only what this bureau, division or section owns: org-205, or its name"
    )
    what.add_argument("--segment", metavar="ID", help="only this segment: internet, lgwan, mynumber")
    what.add_argument("--as-of", type=_day, metavar="DAY", help="day of the report, YYYY-MM-DD (default: today)")
    what.add_argument("--from", dest="first_day", type=_day, metavar="DAY", help="first day of the period of the cost")
    what.add_argument("--to", dest="last_day", type=_day, metavar="DAY", help="last day of it")
    what.add_argument(
        "--fiscal-year", type=_year, metavar="YEAR", help="R6, 令和6年度 or 2024 (default: that of the day)"
    )
    what.add_argument(
        "--what-if", type=_question, metavar="TEXT", help=f'"{EXAMPLE}", "4 x m8 in lgwan with 200 GiB fast"'
    )
    sources = parser.add_argument_group("from where (without any of these: from the repository alone)")
    sources.add_argument("--live", type=Path, metavar="INVENTORY", help="ask vCenter too: inventory/lab")
    sources.add_argument(
        "--history",
        nargs="?",
        const="",
        metavar="URL",
        help="read the samples too; without URL: KYOTSU_RECORDS_URL, the inventory's, or the lab's file",
    )
    sources.add_argument(
        "--password-file", type=Path, metavar="FILE", help="file of mode 0600 with the records' password"
    )
    sources.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this repository")
    form = parser.add_argument_group("how it is shown")
    form.add_argument("--format", choices=FORMATS, help="default: by the suffix of --output, else table")
    form.add_argument("--lang", choices=("ja", "en"), default="ja", help="default: ja")
    form.add_argument("--output", metavar="FILE", help="write there instead of to the terminal, in full width")
    form.add_argument("--table", metavar="NAME", help="which table becomes CSV (default: divisions)")
    form.add_argument("--all", action="store_true", help="every row and column of long lists")
    options = parser.parse_args(arguments)
    if not options.repository.is_dir():
        parser.error(f"--repository: {options.repository} is not a folder")
    if options.fiscal_year and (options.first_day or options.last_day):
        parser.error("--fiscal-year and --from/--to name the period twice: leave one out")
    options.folder = options.output is not None and options.output.endswith("/")
    if options.folder and (options.format != "csv" or options.table):
        parser.error(f"--output {options.output} is a folder, which takes all tables as --format csv; name a file")
    options.output = None if options.output is None else Path(options.output)
    try:
        options.format = options.format or form_of(options.output, FORMATS)
    except ValueError as error:
        parser.error(str(error))
    if options.format == "xlsx" and options.output is None:
        parser.error("--format xlsx needs --output FILE")
    if options.table and options.format != "csv":
        parser.error("--table goes with --format csv")
    return options


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _year(text: str) -> FiscalYear:
    try:
        return parse_fiscal_year(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _question(text: str) -> WhatIfRequest:
    try:
        return what_if_request(text)
    except UnusableRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    run_and_exit(main)
