#!/usr/bin/env python3
"""Who is patched when in this round of updates, and why somebody is not. Offline, from the repository alone.

Examples:
  scripts/patch_calendar.py                              table of the round that is running today
  scripts/patch_calendar.py --as-of 2027-03-20           the round of March
  scripts/patch_calendar.py --system s31 --system s09    only these
  scripts/patch_calendar.py --format ics --output reports/patch.ics
  scripts/patch_calendar.py --notices reports/notices    page, text and calendar of each owner, in Japanese

The owners' answers are read from patches/YYYY-MM.yml; a round without that file is a draft.

Exit code: 0 every machine has a time, 3 some have none (each with its reason), 1 the data is not sound, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar import round_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar_file import calendar_text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.notice import notice_html, notice_markdown, notices
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import read_round, round_file
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Schedule
from scripts._arguments import day
from scripts._console import run_and_exit

OK, UNSOUND, MISUSE, UNPLACED = 0, 1, 2, 3
TEMPLATE = REPOSITORY / "roles/patch/templates/notice.html.j2"


def main(arguments: list[str] | None = None) -> int:
    """Exit code: see the module's docstring."""
    options = _parse(arguments)
    try:
        estate = load_estate(options.repository).estate
        schedule = _schedule(options, estate)
    except (InvalidEstate, DataFileError, ValueError) as error:
        print(f"patch_calendar: {error}", file=sys.stderr)
        return UNSOUND
    unknown = sorted(set(options.system) - set(estate.system_by_id))
    if unknown:
        print(f"patch_calendar: no such system: {', '.join(unknown)}", file=sys.stderr)
        return MISUSE
    try:
        _deliver(options, estate, schedule)
    except OSError as error:
        print(f"patch_calendar: {error.filename}: {error.strerror}", file=sys.stderr)
        return MISUSE
    return UNPLACED if schedule.unplaced else OK


def _schedule(options: argparse.Namespace, estate: Estate) -> Schedule:
    as_of = options.as_of or datetime.now(ZoneInfo(estate.platform.estate.timezone)).date()
    start, _ = round_of(estate.platform.patch_cycle, as_of, estate.platform.estate.timezone)
    path = round_file(options.repository, start.date())
    answers = None
    if path.exists():
        answers = read_round(options.repository, path, estate).answer_by_system()
    schedule = plan_round(estate, as_of=as_of, answers=answers)
    if not options.system:
        return schedule
    return Schedule(
        start=schedule.start,
        end=schedule.end,
        placed=tuple(each for each in schedule.placed if each.system in options.system),
        unplaced=tuple(each for each in schedule.unplaced if each.system in options.system),
    )


def _deliver(options: argparse.Namespace, estate: Estate, schedule: Schedule) -> None:
    if options.notices is not None:
        options.notices.mkdir(parents=True, exist_ok=True)
        template = TEMPLATE.read_text(encoding="utf-8")
        told = notices(schedule, estate)
        for notice in told:
            page = notice_html(template, notice, estate.platform.estate.name)
            (options.notices / f"{notice.owner.id}.html").write_text(page, encoding="utf-8")
            (options.notices / f"{notice.owner.id}.md").write_text(notice_markdown(notice), encoding="utf-8")
            own = calendar_text(schedule, estate, [each.system.id for each in notice.systems])
            (options.notices / f"{notice.owner.id}.ics").write_text(own, encoding="utf-8", newline="")
        print(f"{len(told)} notices in {options.notices}")
        return
    if options.format == "ics":
        text = calendar_text(schedule, estate)
    else:
        text = _json(schedule) if options.format == "json" else _table(schedule)
    if options.output is None:
        print(text, end="")
    else:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8", newline="")


def _table(schedule: Schedule) -> str:
    lines = [f"Round from {schedule.start:%Y-%m-%d} to {schedule.end:%Y-%m-%d}"]
    opens = None
    for each in schedule.placed:
        if each.opens != opens:
            opens = each.opens
            lines += ["", f"{each.opens:%a %Y-%m-%d %H:%M} to {each.closes:%H:%M}  {each.window}"]
        lines.append(f"  {each.start:%H:%M}  {each.wave:<8}{each.name:<26}{'' if each.answered else 'draft'}".rstrip())
    if schedule.unplaced:
        lines += ["", "Not in this round"]
    for missing in schedule.unplaced:
        why = "; ".join(reason.text.en for reason in missing.reasons)
        when = f"{missing.next_slot:%Y-%m-%d %H:%M}" if missing.next_slot else "none within 400 days"
        lines.append(f"  {missing.name}: {why}, next slot {when}")
    lines += ["", f"{len(schedule.placed)} machines have a time, {len(schedule.unplaced)} have none"]
    return "\n".join(lines) + "\n"


def _json(schedule: Schedule) -> str:
    return json.dumps(asdict(schedule), default=_plain, ensure_ascii=False, indent=2) + "\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this repository")
    parser.add_argument("--as-of", type=day, metavar="YYYY-MM-DD", help="a day of the round (default: today)")
    parser.add_argument("--system", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    parser.add_argument("--format", choices=("table", "json", "ics"), default="table", help="default: table")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of printing")
    parser.add_argument(
        "--notices", type=Path, metavar="FOLDER", help="write page, text and calendar of each owner there"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_and_exit(main)
