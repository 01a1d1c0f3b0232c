#!/usr/bin/env python3
"""Look at retirements: list, history, verify.

  list     how far each machine is on its way out
  history  every step of one machine (by its key), with the entries that prove it
  verify   whether a completion record, a certificate of erasure or a sealed set is the one that the records know

Exit codes: 0 done, 1 found something (a document that was changed, a broken chain), 2 wrong use or not found.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.handover.record import HANDOVER
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError, RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Anchor
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import (
    COMPLETION,
    SEALED,
    DocumentUnreadable,
    read_document,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import TABLE, Step
from scripts._arguments import Parser
from scripts._console import run_and_exit
from scripts._records import add_database_options, checked, open_records, print_json

DONE, FOUND, UNUSABLE = 0, 1, 2


class Misuse(Exception):
    """The command cannot be carried out as it was given."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with open_records(options, REPOSITORY) as store:
            return int(options.command(store, options))
    except ChainBrokenError as error:
        print(f"decommission: {error}", file=sys.stderr)
        return FOUND
    except (Misuse, RecordsError) as error:
        print(f"decommission: {error}", file=sys.stderr)
        return UNUSABLE


def _list(store: Store, options: argparse.Namespace) -> int:
    cases = Retirements(store.database, store.chain).cases()
    rows: list[dict[str, Any]] = [
        {
            "machine": key,
            "last": case.last,
            "since": case.changed_at.isoformat() if case.changed_at else None,
            "deleted": case.is_deleted,
            "media": None if not case.is_deleted else "certified" if "certify" in case.done else "pending",
        }
        for key, case in sorted(cases.items())
        if case.done
    ]
    if options.format == "json":
        return print_json(rows)
    for row in rows:
        step = TABLE[row["last"]].words if row["last"] else None
        told = f"{step.en} / {step.ja}" if step else "-"
        print(f"{row['machine']}  {told}  since {row['since']}  media {row['media'] or '-'}")
    print(f"{len(rows)} machines on their way out or gone")
    return DONE


def _history(store: Store, options: argparse.Namespace) -> int:
    found = Retirements(store.database, store.chain).history(options.machine)
    if not found:
        raise Misuse(f"{options.machine}: nothing is recorded of it; `scripts/decommission.py list` shows all")
    for event, entry in found:
        print(f"{event.happened_at.isoformat()}  {event.step:<14} by {event.by}  entry {entry.anchor}")
        for name, value in event.evidence.items():
            print(f"    {name}: {value}")
    return DONE


def _verify(store: Store, options: argparse.Namespace) -> int:
    try:
        kind, digest, content = read_document(options.file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{options.file}: {error}") from error
    except DocumentUnreadable as error:
        print(f"{options.file}: {error}")
        return FOUND
    result = store.chain.verify(*options.anchor)
    problems = [f"{problem.what}: {problem.message}" for problem in result.problems]
    if result.ok:
        problems += _unknown(store, kind, digest, content)
    for problem in problems:
        print(problem)
    told = "is not the one that the records know" if problems else "is the one that the records know"
    print(f"{options.file}: {kind} of {content.get('unit')} {told}; {result.checked} entries read, head {result.head}")
    return FOUND if problems else DONE


def _unknown(store: Store, kind: str, digest: str, content: dict[str, Any]) -> list[str]:
    """Machines of the document whose step was recorded with another hash, or never."""
    if kind == SEALED:
        told = [json.loads(entry.payload_text).get("sealed_set") for entry in store.chain.entries(kind=HANDOVER)]
        return [] if digest in told else ["the records know no such set"]
    retirements = Retirements(store.database, store.chain)
    step: Step = "complete" if kind == COMPLETION else "certify"
    names = [str(each["key"] if isinstance(each, dict) else each) for each in content.get("machines", [])]
    if not names:
        return ["it names no machine"]
    known = retirements.documents(step)
    if kind == COMPLETION:
        return [f"{name}: the records know no such document of it" for name in names if (name, digest) not in known]
    return [] if digest in {each for _, each in known} else ["the records know no such certificate"]


def _parser() -> Parser:
    parser = Parser(prog="decommission", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_database_options(parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        made.set_defaults(command=run)
        return made

    listing = command("list", _list, "how far each machine is on its way out")
    listing.add_argument("--format", choices=["text", "json"], default="text")
    command("history", _history, "every step of one machine").add_argument("machine", help="permanent key")
    verify = command("verify", _verify, "whether a document is the one that the records know")
    verify.add_argument("file", type=Path)
    verify.add_argument(
        "--anchor", type=checked(Anchor.parse), action="append", default=[], help="a printed head, ID:HASH"
    )
    return parser


if __name__ == "__main__":
    run_and_exit(main)
