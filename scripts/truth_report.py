#!/usr/bin/env python3
"""Say what could be restored today: by what was read back from tape, not by what was written.

Examples:
  scripts/truth_report.py                                        a table, in Japanese, from the lab's records
  scripts/truth_report.py --output reports/truth.html            one page that opens offline and prints on A4
  scripts/truth_report.py --output reports/truth.xlsx --lang en  typed cells
  scripts/truth_report.py --format json                          for machines
  scripts/truth_report.py --anchor 412:9f3a…                     also against a head that was printed on a work order
  scripts/truth_report.py --production --password-file FILE      KYOTSU_RECORDS_URL, PostgreSQL over TLS

Exit codes:
  0  everything that is to be on tape is there, read back, young enough and drilled
  1  wrong use, unreadable data, or the records do not answer or were tampered with: nothing is known then
  2  something needs somebody; the report says what
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Anchor
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.made import make_truth
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.paper import make_truth_paper
from scripts._console import run_and_exit
from scripts._papers import form_of, write_paper
from scripts._records import add_database_options, checked, open_records

GOOD, FAILED, FINDINGS = 0, 1, 2
FORMATS = ("table", "json", "xlsx", "html")
TIMEZONE = ZoneInfo("Asia/Tokyo")


class Parser(argparse.ArgumentParser):
    """One line per error; 2 is what monitoring takes for findings, so wrong use is 1."""

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
        return _report(options)
    except BrokenPipeError:
        raise  # the reader (head, less) has seen enough: run_and_exit ends quietly
    except InvalidEstate as error:
        message = f"{len(error.findings)} findings in systems/ and platform/: run scripts/validate.py"
    except RecordsError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename or options.output or 'the report'} cannot be written: {error.strerror or error}"
    print(f"truth_report: {message}", file=sys.stderr)
    return FAILED


def _report(options: argparse.Namespace) -> int:
    as_of = options.as_of or datetime.now(UTC)
    estate = load_estate(options.repository, as_of=as_of.astimezone(TIMEZONE).date()).estate
    zone = ZoneInfo(estate.platform.estate.timezone)
    with open_records(options, REPOSITORY) as store:
        report, standing = make_truth(
            store,
            estate,
            as_of,
            drill_months=options.drill_months or estate.platform.restore_drill.months,
            past=options.as_of is not None,
            anchors=options.anchor,
        )
    paper = make_truth_paper(report, standing, estate, options.lang)
    write_paper(paper, zone, options.format, options.output, every_row=options.all)
    return FINDINGS if report.problems else GOOD


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(prog="truth_report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_database_options(parser)
    parser.add_argument("--as-of", type=_moment, metavar="TIME", help="for example 2026-12-01T18:00+09:00")
    parser.add_argument("--drill-months", type=int, metavar="N", help="default: restore_drill in platform/backup.yml")
    parser.add_argument(
        "--anchor",
        type=checked(Anchor.parse),
        action="append",
        default=[],
        metavar="ID:HASH",
        help="a head of the chain that was printed or kept elsewhere; may be given several times",
    )
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this repository")
    parser.add_argument("--format", choices=FORMATS, help="default: by the suffix of --output, else table")
    parser.add_argument("--lang", choices=("ja", "en"), default="ja", help="default: ja")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to the terminal")
    parser.add_argument("--all", action="store_true", help="every row of long lists")
    options = parser.parse_args(arguments)
    try:
        options.format = options.format or form_of(options.output, FORMATS)
    except ValueError as error:
        parser.error(str(error))
    if options.format == "xlsx" and options.output is None:
        parser.error("--format xlsx needs --output FILE")
    return options


def _moment(text: str) -> datetime:
    try:
        return clock.from_text(text)
    except RecordsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    run_and_exit(main)
