#!/usr/bin/env python3
"""Say which known vulnerabilities a content snapshot would close, per system, before anybody is patched. Offline.

Examples:
  scripts/patch_vulnerabilities.py --tracker tracker.json --packages snapshot/dists/*/main/binary-amd64/Packages
  … --system s02 --lang en                    one system, in English
  … --output reports/vulnerabilities.html     a page for the owners; .json for machines
  … --runs .lab/default/patch                 machines as files of runs have seen them, not as the records have

The tracker is Debian's (security-tracker.debian.org/tracker/data/json), carried in as a file; the indexes are those of
the snapshot on the segment's mirror. What is installed is what the newest patch run saw of each machine.

Exit code: 0 done, 1 data, a file or the records cannot be used, 2 wrong use.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.content import (
    ContentError,
    Offer,
    newest,
    read_packages,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.forecast import forecast, last_seen
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import OutcomeError, RunOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.vulnerabilities import (
    Tracker,
    TrackerError,
    read_tracker,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.forecast_paper import forecast_paper
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.page import page_html
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.plain import paper_json
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.terminal import terminal_text
from scripts._arguments import Parser
from scripts._console import run_and_exit
from scripts._output import Complete
from scripts._records import add_database_options, open_records
from scripts._runs import runs_of_files

OK, UNUSABLE, MISUSE = 0, 1, 2
TEMPLATES = REPOSITORY / "scripts" / "templates"
# What was seen longer ago says nothing of today: rounds are monthly.
LONGEST_SIGHTING = timedelta(days=400)
FORMATS = {".html": "html", ".json": "json"}


class Misuse(Exception):
    """What was asked for does not exist."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the module's docstring."""
    options = _parse(arguments)
    try:
        estate = load_estate(options.repository).estate
        _write(_paper(options, estate), ZoneInfo(estate.platform.estate.timezone), options)
    except Misuse as error:
        print(f"patch_vulnerabilities: {error}", file=sys.stderr)
        return MISUSE
    except (InvalidEstate, OutcomeError, TrackerError, ContentError, RecordsError) as error:
        print(f"patch_vulnerabilities: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(f"patch_vulnerabilities: {error.filename}: {error.strerror}", file=sys.stderr)
        return UNUSABLE
    return OK


def _paper(options: argparse.Namespace, estate: Estate) -> Paper:
    unknown = sorted(set(options.system) - set(estate.system_by_id))
    if unknown:
        raise Misuse(f"--system {', '.join(unknown)}: no such system")
    tracker, content = _tracker(options), _content(options.packages)
    systems = forecast(estate, last_seen(_runs(options)), tracker, content)
    chosen = [each for each in systems if not options.system or each.system in options.system]
    told = f"{len(content)} packages, {options.release}: {options.tracker.name}"
    return forecast_paper(chosen, estate, options.lang, told)


def _tracker(options: argparse.Namespace) -> Tracker:
    try:
        return read_tracker(options.tracker.read_bytes(), options.release)
    except TrackerError as error:
        raise TrackerError(f"{options.tracker}: {error}") from error


def _content(files: list[Path]) -> dict[str, Offer]:
    indexes = []
    for file in files:
        try:
            indexes.append(read_packages(file.read_bytes()))
        except ContentError as error:
            raise ContentError(f"{file}: {error}") from error
    return newest(indexes)


def _runs(options: argparse.Namespace) -> Iterator[RunOutcome]:
    if options.runs:
        for path in options.runs:
            yield from runs_of_files(path)
        return
    until = datetime.now(UTC) + timedelta(days=1)
    with open_records(options, options.repository) as store:
        for run in store.patches.started_between(until - LONGEST_SIGHTING, until):
            yield store.patches.outcome(run.run_id)


def _write(paper: Paper, zone: ZoneInfo, options: argparse.Namespace) -> None:
    if options.format == "html":
        text = page_html(TEMPLATES, paper, zone)
    elif options.format == "json":
        text = paper_json(paper)
    else:
        width = None if options.output else shutil.get_terminal_size((120, 0)).columns
        text = terminal_text(paper, zone, width=width, limit=None if options.output or options.all else 20)
    if options.output is None:
        sys.stdout.write(text)
    else:
        with Complete(options.output) as file:
            file.write_text(text, encoding="utf-8")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="patch_vulnerabilities", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tracker", type=Path, required=True, metavar="FILE", help="Debian's security tracker, as JSON"
    )
    parser.add_argument(
        "--packages", type=Path, nargs="+", required=True, metavar="FILE", help="Packages (.gz) of each suite"
    )
    parser.add_argument("--release", default="bookworm", help="Debian's name of the guests' release (bookworm)")
    parser.add_argument("--system", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    parser.add_argument("--format", choices=("table", "json", "html"), help="default: by the suffix of --output")
    parser.add_argument("--lang", choices=("ja", "en"), default="ja", help="default: ja")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of printing")
    parser.add_argument("--all", action="store_true", help="every row of long lists")
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this repository")
    source = parser.add_argument_group("what is installed (default: the records)")
    source.add_argument("--runs", type=Path, nargs="+", metavar="PATH", help="files of patch runs, or folders of them")
    add_database_options(source)
    options = parser.parse_args(arguments)
    options.format = options.format or FORMATS.get(options.output.suffix if options.output else "", "table")
    return options


if __name__ == "__main__":
    run_and_exit(main)
