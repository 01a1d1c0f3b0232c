#!/usr/bin/env python3
"""Give every owner the evidence of a month of patching: a page for A4, a workbook and JSON, and a list of all owners.

Examples:
  scripts/patch_evidence.py --month 2026-12                                everything, into reports/evidence/2026-12
  scripts/patch_evidence.py --month 2026-12 --runs .lab/default/patch      from files that runs have written
  scripts/patch_evidence.py --month 2026-12 --owner org-205 --format html  one owner, the page only
  scripts/patch_evidence.py --month 2026-12 --system s02 --lang en

Runs are read from the records, what was accepted from patches/*.yml; the schedules of the rounds say why no run has
begun with a machine. The list of all owners and the runs' own JSON name machines of every owner: they are written only
where nothing is left out.

Exit code: 0 nothing needs a person, 3 something does, 1 data or records cannot be used, 2 wrong use.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar import round_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import (
    MonthEvidence,
    OwnerEvidence,
    month_evidence,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    OutcomeError,
    RunOutcome,
    write_run,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import (
    read_acceptances,
    read_round,
    round_file,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Schedule
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.index import index_paper
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_forms.paper import owner_paper
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.page import page_html
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.plain import paper_json
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.workbook import write_workbook
from scripts._arguments import Parser, day
from scripts._console import run_and_exit
from scripts._output import Complete
from scripts._records import add_database_options, open_records
from scripts._runs import runs_of_files

OK, UNUSABLE, MISUSE, NEEDS_A_PERSON = 0, 1, 2, 3
FORMS = ("html", "xlsx", "json")
TEMPLATES = REPOSITORY / "scripts" / "templates"


class Misuse(Exception):
    """What was asked for does not exist."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the module's docstring."""
    options = _parse(arguments)
    try:
        estate = load_estate(options.repository).estate
        evidence = _chosen(_evidence(options, estate), options, estate)
        folder = options.output / f"{options.month:%Y-%m}"
        _write(evidence, estate, folder, options)
    except Misuse as error:
        print(f"patch_evidence: {error}", file=sys.stderr)
        return MISUSE
    except (InvalidEstate, DataFileError, OutcomeError, RecordsError, ValueError) as error:
        print(f"patch_evidence: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(f"patch_evidence: {error.filename}: {error.strerror}", file=sys.stderr)
        return UNUSABLE
    waiting = sum(_needs_a_person(owner) for owner in evidence.owners)
    told = f"{len(evidence.owners)} owners, {len(evidence.runs)} runs"
    print(f"{told}; {waiting} owners have something that needs a person; {folder}")
    return NEEDS_A_PERSON if waiting else OK


# --- reading ------------------------------------------------------------------------------------------------------


def _evidence(options: argparse.Namespace, estate: Estate) -> MonthEvidence:
    zone = ZoneInfo(estate.platform.estate.timezone)
    last = _next_month(options.month) - timedelta(days=1)
    as_of = options.as_of or min(datetime.now(zone).date(), last)
    if as_of < options.month:
        raise Misuse(f"--month {options.month:%Y-%m} has not begun on {as_of}")
    return month_evidence(
        _runs(options, zone),
        estate,
        read_acceptances(options.repository, estate),
        month=options.month,
        as_of=as_of,
        schedules=_schedules(options, estate, last),
    )


def _runs(options: argparse.Namespace, zone: ZoneInfo) -> Iterator[RunOutcome]:
    if options.runs:
        for path in options.runs:
            yield from runs_of_files(path)
        return
    since = datetime.combine(options.month, datetime.min.time(), tzinfo=zone)
    until = datetime.combine(_next_month(options.month), datetime.min.time(), tzinfo=zone)
    with open_records(options, options.repository) as store:
        for run in store.patches.started_between(since, until):
            yield store.patches.outcome(run.run_id)


def _schedules(options: argparse.Namespace, estate: Estate, last: date) -> list[Schedule]:
    """Those of the rounds that run on the first and on the last day of the month."""
    found = {}
    for each in (options.month, last):
        start, _ = round_of(estate.platform.patch_cycle, each, estate.platform.estate.timezone)
        path = round_file(options.repository, start.date())
        answers = read_round(options.repository, path, estate).answer_by_system() if path.exists() else None
        found[start] = plan_round(estate, as_of=each, answers=answers)
    return [found[start] for start in sorted(found)]


def _chosen(evidence: MonthEvidence, options: argparse.Namespace, estate: Estate) -> MonthEvidence:
    """The owner and the system that were asked for; Misuse where there is none."""
    owners = evidence.owners
    if options.owner:
        names = {each.id: each.name for each in estate.platform.organisations}
        owners = tuple(each for each in owners if options.owner in {each.owner, names.get(each.owner)})
        if not owners:
            raise Misuse(f"--owner {options.owner}: no owner of that id or name has a machine in this month")
    if options.system:
        owners = tuple(
            replace(owner, systems=tuple(each for each in owner.systems if each.system in options.system))
            for owner in owners
        )
        unknown = set(options.system) - {each.system for owner in owners for each in owner.systems}
        if unknown:
            raise Misuse(f"--system {', '.join(sorted(unknown))}: no such system has a machine in this month")
        owners = tuple(owner for owner in owners if owner.systems)
    return replace(evidence, owners=owners)


# --- writing ------------------------------------------------------------------------------------------------------


def _write(evidence: MonthEvidence, estate: Estate, folder: Path, options: argparse.Namespace) -> None:
    zone = ZoneInfo(estate.platform.estate.timezone)
    files: dict[str, dict[str, str]] = {}
    for owner in evidence.owners:
        # An owner that the estate does not know any more comes from a file: its id must not lead elsewhere.
        stem = re.sub(r"[^A-Za-z0-9-]", "-", owner.owner)
        files[owner.owner] = {form: f"{stem}.{form}" for form in options.format}
        paper = owner_paper(evidence, owner, estate, options.lang)
        for form, name in files[owner.owner].items():
            _write_form(paper, form, folder / name, zone)
    if options.owner or options.system:
        return
    index = index_paper(evidence, estate, options.lang, files)
    for form in options.format:
        _write_form(index, form, folder / f"index.{form}", zone)
    if "json" in options.format:
        for run in evidence.runs:
            with Complete(folder / "runs" / f"{re.sub(r'[^A-Za-z0-9-]', '-', run.run_id)}.json") as file:
                file.write_text(write_run(run), encoding="utf-8")


def _write_form(paper: Paper, form: str, target: Path, zone: ZoneInfo) -> None:
    with Complete(target) as file:
        if form == "xlsx":
            write_workbook(paper, file, zone)
        else:
            text = paper_json(paper) if form == "json" else page_html(TEMPLATES, paper, zone)
            file.write_text(text, encoding="utf-8")


def _needs_a_person(owner: OwnerEvidence) -> bool:
    touched = any(machine.needs_a_person for machine in owner.machines())
    overdue = any(each.overdue for each in owner.not_run())
    return bool(touched or overdue or owner.open("not-accepted") or owner.open("expired"))


# --- options ------------------------------------------------------------------------------------------------------


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(prog="patch_evidence", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--month", type=_month, required=True, metavar="YYYY-MM", help="the month in which runs began")
    parser.add_argument(
        "--as-of", type=day, metavar="DAY", help="day of the report (default: the month's last, or today)"
    )
    parser.add_argument("--owner", metavar="ID", help="only this owner: org-205, or its name")
    parser.add_argument("--system", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    parser.add_argument("--format", action="append", choices=FORMS, help="may be repeated (default: all three)")
    parser.add_argument("--lang", choices=("ja", "en"), default="ja", help="default: ja")
    parser.add_argument(
        "--output", type=Path, default=Path("reports/evidence"), metavar="FOLDER", help="default: reports/evidence"
    )
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this repository")
    source = parser.add_argument_group("from where (default: the records)")
    source.add_argument(
        "--runs", type=Path, nargs="+", metavar="PATH", help="files that runs have written, or folders of them"
    )
    add_database_options(source)
    options = parser.parse_args(arguments)
    options.format = tuple(dict.fromkeys(options.format or FORMS))
    return options


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a month like 2026-12") from None


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


if __name__ == "__main__":
    run_and_exit(main)
