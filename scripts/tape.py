#!/usr/bin/env python3
"""Ask the ledger of tapes: where, history, list, verify, lost, kept, keys, transitions.

  where        where a tape is, since when, who had it
  history      everything that happened to it, with the entries that prove it
  list         all tapes with state and place
  verify       read the whole chain and the copies; with --anchor also against a printed head
  lost         what is lost with these tapes: systems, restore points, encrypted or not, what remains
  kept         what keeps the content of a tape, or that nothing does
  keys         the escrow of each key and what is missing in it
  transitions  the closed table of what may happen to a tape

Exit codes: 0 done, 1 found something (tampering, a lost restore point, a key without escrow), 2 wrong use or not found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import escrow_gaps
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import (
    CustodyRefused,
    TapeStatus,
    unreadable_tapes,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import retention_by_class
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import releasable_tapes, retained
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import (
    PLACES_JA,
    STATES_JA,
    TRANSITIONS,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import held_by_law
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ChainBrokenError,
    RecordsError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Anchor
from scripts._arguments import Parser
from scripts._console import run_and_exit
from scripts._records import add_database_options, checked, open_records, print_json

DONE, FOUND, UNUSABLE = 0, 1, 2
TOKYO = ZoneInfo("Asia/Tokyo")


class Misuse(Exception):
    """The command cannot be carried out as it was given."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command is _transitions:
            return int(_transitions(options))
        with open_records(options, REPOSITORY) as store:
            code = int(options.command(store, options))
        sys.stdout.flush()
    except ChainBrokenError as error:
        print(f"tape: {error}", file=sys.stderr)
        return FOUND
    except (Misuse, CustodyRefused, RecordsError) as error:
        print(f"tape: {error}", file=sys.stderr)
        return UNUSABLE
    except InvalidEstate as error:
        print(
            f"tape: {len(error.findings)} findings in systems/ and platform/: run scripts/validate.py", file=sys.stderr
        )
        return UNUSABLE
    return code


def _where(store: Store, options: argparse.Namespace) -> int:
    status = store.custody.place_of(options.tape, options.as_of)
    if status is None:
        raise Misuse(f"{options.tape}: no such tape was registered by then; `scripts/tape.py list` shows all")
    if options.format == "json":
        return print_json(asdict(status))
    print(f"{status.tape}: {_place(status)} since {_local(status.since)}")
    print(f"  {STATES_JA[status.state]}（{status.state}）, pool {status.pool}")
    if status.people:
        print(f"  last handled by {'、'.join(status.people)} at {_local(status.changed_at)}")
    if status.recalled_for:
        print(f"  recalled: {status.recalled_for}")
    print(f"  head of the chain {store.chain.head()}")
    return DONE


def _history(store: Store, options: argparse.Namespace) -> int:
    lines = store.custody.history(options.tape)
    if not lines:
        raise Misuse(f"{options.tape}: no such tape is registered; `scripts/tape.py list` shows all")
    if options.format == "json":
        return print_json(
            [
                {
                    "entry": str(line.entry.anchor),
                    "action": line.event.action,
                    "happened_at": line.event.happened_at,
                    "people": line.event.people,
                    "evidence": dict(line.event.evidence),
                    "state": line.status.state,
                    "place": line.status.place,
                    "recorded_by": line.entry.actor,
                }
                for line in lines
            ]
        )
    for line in lines:
        meaning = TRANSITIONS[line.event.action].meaning_ja
        print(
            f"{_local(line.event.happened_at)}  {line.event.action:<15} {meaning}  -> {line.status.state}, "
            f"{_place(line.status)}"
        )
        evidence = ", ".join(f"{name} {value}" for name, value in line.event.evidence.items())
        print(
            f"    {'、'.join(line.event.people) or '-'}; {evidence or '-'}; entry {line.entry.id} by {line.entry.actor}"
        )
    return DONE


def _list(store: Store, options: argparse.Namespace) -> int:
    found = [
        status
        for status in store.custody.statuses(as_of=options.as_of).values()
        if options.pool in {None, status.pool} and options.place in {None, status.place}
    ]
    if options.format == "json":
        return print_json([asdict(status) for status in found])
    for status in sorted(found, key=lambda each: each.tape):
        print(f"{status.tape}  {status.state:<9} {_place(status)}  since {_local(status.since)}  {status.pool}")
    print(f"{len(found)} tapes")
    return DONE


def _verify(store: Store, options: argparse.Namespace) -> int:
    result = store.chain.verify(*options.anchor)
    problems = [f"{problem.what}: {problem.message}" for problem in result.problems]
    if result.ok:
        # Only a sound chain can be replayed; what does not follow in it raises ChainBrokenError.
        store.custody.statuses()
        problems += store.copies.verify()
    if options.format == "json":
        print_json({"ok": not problems, "checked": result.checked, "head": str(result.head), "problems": problems})
    else:
        for problem in problems:
            print(problem)
        print(f"{result.checked} entries read, {len(problems)} problems, head {result.head}")
        if not options.anchor:
            print("without --anchor a chain that was cut off or rewritten as a whole is not found")
    return FOUND if problems else DONE


def _lost(store: Store, options: argparse.Namespace) -> int:
    unknown = [tape for tape in options.tape if store.custody.place_of(tape) is None]
    if unknown:
        raise Misuse(f"no such tape: {', '.join(unknown)}")
    found = store.copies.blast_radius(options.tape, options.as_of or datetime.now(UTC))
    if options.format == "json":
        print_json(asdict(found) | {"points_lost": found.points_lost})
        return FOUND if found.points_lost or found.unencrypted_copies else DONE
    print(f"{', '.join(found.tapes)}: {found.copies} copies, {len(found.systems)} systems")
    if found.unencrypted_copies:
        print(f"NOT ENCRYPTED: {found.unencrypted_copies} copies can be read by whoever finds the tape")
    else:
        print(f"encrypted with {', '.join(found.keys) or '-'}")
    for system in found.systems:
        print(f"{system.system}: {len(system.points)} restore points, {len(system.lost)} lost for good")
        for point in system.points:
            left = "LOST" if point.lost else f"left on {', '.join((*point.remaining_onsite, *point.remaining_offsite))}"
            note = " (refers to a disk on the tape)" if point.indirect else ""
            print(f"  {point.machine}  {_local(point.taken_at)}  {left}{note}")
    return FOUND if found.points_lost or found.unencrypted_copies else DONE


def _kept(store: Store, options: argparse.Namespace) -> int:
    now = options.as_of or datetime.now(UTC)
    estate = _estate(now)
    statuses = store.custody.statuses(as_of=options.as_of)
    if options.tape not in statuses:
        raise Misuse(f"{options.tape}: no such tape is registered; `scripts/tape.py list` shows all")
    if statuses[options.tape].place == "gone":
        raise Misuse(f"{options.tape}: is gone ({statuses[options.tape].fate})")
    copies = store.copies.existing()
    rules = retention_by_class(estate.platform)
    zone = estate.platform.estate.timezone
    unreadable = unreadable_tapes(statuses.values())
    kept = retained(copies, rules, now, unreadable=unreadable, timezone=zone, held=held_by_law(estate))
    release = releasable_tapes([statuses[options.tape]], copies, kept, now)[0]
    if options.format == "json":
        return print_json(asdict(release))
    for reason in release.blocked_by:
        print(reason)
    print(
        f"{options.tape}: {'nothing keeps it' if release.releasable else f'{len(release.blocked_by)} reasons keep it'}"
    )
    return DONE


def _keys(store: Store, options: argparse.Namespace) -> int:
    now = options.as_of or datetime.now(UTC)
    platform = _estate(now).platform
    gaps: Mapping[str, list[str]] = {
        name: escrow_gaps(status, platform.key_escrow, platform.sites, now.astimezone(TOKYO).date())
        for name, status in store.tape_keys.statuses().items()
    }
    if options.format == "json":
        print_json(gaps)
    else:
        for name, missing in gaps.items():
            print(f"{name}: {'; '.join(missing) if missing else 'proven'}")
        print(f"{len(gaps)} keys")
    return FOUND if any(gaps.values()) else DONE


def _transitions(options: argparse.Namespace) -> int:
    rows = {
        action: {
            "states": sorted(row.states),
            "places": sorted(row.places),
            "to_state": row.to_state,
            "to_place": row.to_place,
            "people": row.people,
            "evidence": row.evidence,
            "meaning": row.meaning,
            "meaning_ja": row.meaning_ja,
        }
        for action, row in TRANSITIONS.items()
    }
    if options.format == "json":
        return print_json(rows)
    for action, row in TRANSITIONS.items():
        after = " ".join(each for each in (row.to_state, row.to_place) if each) or "(stays)"
        print(f"{action:<16} {row.meaning_ja}: {row.meaning}")
        print(f"    from {' '.join(sorted(row.states)) or '(new)'} in {' '.join(sorted(row.places)) or '(new)'}")
        print(f"    to   {after}; people {row.people}; evidence {', '.join(row.evidence) or '-'}")
    return DONE


def _estate(now: datetime) -> Estate:
    return load_estate(REPOSITORY, as_of=now.astimezone(TOKYO).date()).estate


def _place(status: TapeStatus) -> str:
    where = f"{PLACES_JA[status.place]}（{status.place}"
    if status.fate:
        return f"{where}: {status.fate}）"
    detail = f" {status.position}" if status.position else ""
    seal = f", seal {status.seal}" if status.seal else ""
    return f"{where}{detail}{seal}）"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(TOKYO):%Y-%m-%d %H:%M}"


def _parser() -> Parser:
    parser = Parser(prog="tape", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_database_options(parser)
    shared = Parser(add_help=False)
    shared.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    shared.add_argument(
        "--as-of", type=checked(clock.from_text), metavar="TIME", help="for example 2026-12-01T18:00+09:00"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def command(name: str, run: Any, text: str) -> Parser:
        one = commands.add_parser(name, help=text, description=text, parents=[shared])
        one.set_defaults(command=run)
        return one

    for name, run, text in (
        ("where", _where, "where a tape is, since when, who had it"),
        ("history", _history, "everything that happened to a tape"),
        ("kept", _kept, "what keeps the content of a tape"),
    ):
        command(name, run, text).add_argument("tape", metavar="TAPE", type=str.upper)
    one = command("list", _list, "all tapes")
    one.add_argument("--pool", help="only of this pool")
    one.add_argument("--place", choices=sorted(PLACES_JA), help="only in this place")
    one = command("verify", _verify, "prove the chain of custody and the copies")
    anchor_help = "a head that was printed on a work order or kept elsewhere; may be given several times"
    one.add_argument(
        "--anchor", type=checked(Anchor.parse), action="append", default=[], metavar="ID:HASH", help=anchor_help
    )
    command("lost", _lost, "what is lost with these tapes").add_argument(
        "tape", nargs="+", metavar="TAPE", type=str.upper
    )
    command("keys", _keys, "the escrow of each key")
    command("transitions", _transitions, "what may happen to a tape")
    return parser


if __name__ == "__main__":
    run_and_exit(main)
