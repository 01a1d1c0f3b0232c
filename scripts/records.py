#!/usr/bin/env python3
"""Look into the records: list, show, verify, head, approve, locks, unlock.

Exit codes: 0 done, 1 the verification found something, 2 wrong use or the database cannot be used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    InvalidRecordError,
    RecordsError,
    StoreRefusedError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import (
    Anchor,
    Entry,
    Origin,
    current_actor,
)
from scripts._arguments import Parser
from scripts._console import run_and_exit
from scripts._records import add_database_option, checked, open_records, print_json

DONE, FOUND, UNUSABLE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A tampered entry may hold bytes that no terminal shows; that must not hide the finding.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = _parser().parse_args(arguments)
    try:
        with open_records(options, REPOSITORY) as store:
            code = int(options.command(store, options))
            sys.stdout.flush()  # here, where a reader that went away is handled
            return code
    except RecordsError as error:
        print(f"records: {error}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print("records: interrupted; nothing was changed", file=sys.stderr)
        return UNUSABLE


def _list(store: Store, options: argparse.Namespace) -> int:
    found = store.chain.entries(kind=options.kind, subject=options.subject, limit=options.limit, newest_first=True)
    if options.format == "json":
        return print_json([_as_data(entry) for entry in found])
    for entry in found:
        print(f"{entry.id:>8}  {entry.recorded_at}  {entry.kind:<14}  {entry.actor:<12}  {entry.subject}")
    return DONE


def _show(store: Store, options: argparse.Namespace) -> int:
    entry = store.chain.get(options.id)
    if entry is None:
        raise InvalidRecordError(f"there is no entry {options.id}")
    data = _as_data(entry)
    if options.format == "json":
        return print_json(data)
    for name, value in data.items():
        print(f"{name:<14} {json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value}")
    return DONE


def _verify(store: Store, options: argparse.Namespace) -> int:
    result = store.chain.verify(*options.anchor)
    if options.format == "json":
        print_json({"ok": result.ok, **asdict(result), "head": str(result.head)})
    else:
        for problem in result.problems:
            print(f"{problem.what}: {problem.message}")
        print(f"{result.checked} entries read, {len(result.problems)} problems, head {result.head}")
        if not options.anchor:
            print("without --anchor a chain that was cut off or rewritten as a whole is not found")
    return DONE if result.ok else FOUND


def _head(store: Store, options: argparse.Namespace) -> int:
    head = store.chain.head()
    if options.format == "json":
        return print_json(head._asdict())
    print(head)
    return DONE


def _approve(store: Store, options: argparse.Namespace) -> int:
    # The name is the login, never an argument: nobody approves for somebody else.
    who = current_actor()
    approval = store.approvals.approve(
        options.digest,
        who=who,
        role=options.role,
        until=options.until,
        origin=Origin.here(run_id="records-approve"),
        note=options.note,
    )
    if options.format == "json":
        return print_json(asdict(approval))
    until = clock.to_text(approval.until)
    print(f"{who} ({approval.role}) approved {approval.digest} until {until}, entry {approval.entry_id}")
    return DONE


def _locks(store: Store, options: argparse.Namespace) -> int:
    holders = store.locks.holders()
    if options.format == "json":
        return print_json({"scope": store.lock_scope, "locks": [asdict(holder) for holder in holders]})
    for holder in holders:
        late = " (expired)" if holder.expires_at <= clock.utc_now() else ""
        print(
            f"{holder.resource}: {holder.owner} on {holder.host}, process {holder.pid}, run {holder.run_id}, "
            f"since {clock.to_text(holder.acquired_at)}, valid until {clock.to_text(holder.expires_at)}{late}"
        )
    print(store.lock_scope if holders else f"no locks. {store.lock_scope}")
    return DONE


def _unlock(store: Store, options: argparse.Namespace) -> int:
    holder = next((each for each in store.locks.holders() if each.resource == options.resource), None)
    if holder is not None:
        if not sys.stdin.isatty():
            raise StoreRefusedError("unlock asks for confirmation and there is no terminal; nothing was changed")
        print(f"{holder.resource} is locked by {holder.owner} on {holder.host}, run {holder.run_id}.")
        print(
            "If that run still lives, two runs may change the same machines. Type the name of the resource to unlock:"
        )
        if sys.stdin.readline().strip() != options.resource:
            raise StoreRefusedError("the name does not match; nothing was changed")
    store.locks.unlock(options.resource, reason=options.reason, origin=Origin.here(run_id="records-unlock"))
    print(f"{options.resource} is unlocked; the reason is in the records")
    return DONE


def _as_data(entry: Entry) -> dict[str, Any]:
    data = asdict(entry)
    text = data.pop("payload_text")
    try:
        data["payload"] = json.loads(text)
    except (TypeError, ValueError):
        data["payload"] = f"not JSON: {text!r}"
    return data


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise InvalidRecordError(f"'{text}' is not a positive number")
    return int(text)


def _parser() -> Parser:
    parser = Parser(prog="records", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_database_option(parser)
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--password-file", type=Path, metavar="FILE", help="file of mode 0600 with the password")
    secret.add_argument("--password-environment", metavar="NAME", help="environment variable that holds the password")
    shared = Parser(add_help=False)
    shared.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def command(name: str, run: Any, text: str) -> Parser:
        one = commands.add_parser(name, help=text, description=text, parents=[shared])
        one.set_defaults(command=run)
        return one

    one = command("list", _list, "list entries, the newest first")
    one.add_argument("--kind", help="plan, apply, approval, lock-takeover, unlock …")
    one.add_argument("--subject", help="what the entries are about, such as the digest of a plan")
    one.add_argument("--limit", type=checked(_positive), default=50, metavar="N", help="default: 50")
    one = command("show", _show, "show one entry with its payload")
    one.add_argument("id", type=checked(_positive), metavar="ID")
    one = command("verify", _verify, "read the whole chain and say what was changed, removed, reordered or cut off")
    anchor_help = "a head that was printed or kept elsewhere; may be given several times"
    one.add_argument(
        "--anchor", type=checked(Anchor.parse), action="append", default=[], metavar="ID:HASH", help=anchor_help
    )
    command("head", _head, "print the head of the chain, the anchor to keep elsewhere")
    one = command("approve", _approve, "approve a plan by its digest, as the user who is logged in")
    one.add_argument("digest", metavar="DIGEST")
    one.add_argument("--role", required=True, help="the role in which you approve")
    one.add_argument("--until", required=True, type=checked(clock.from_text), help="for example 2026-12-01T18:00+09:00")
    one.add_argument("--note", default="", help="change number or remark")
    command("locks", _locks, "list who holds which lock")
    one = command("unlock", _unlock, "remove the lock of a run that hangs; asks at the terminal")
    one.add_argument("resource", metavar="RESOURCE")
    one.add_argument("--reason", required=True, help="goes into the records")
    return parser


if __name__ == "__main__":
    run_and_exit(main)
