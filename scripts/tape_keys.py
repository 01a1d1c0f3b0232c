#!/usr/bin/env python3
"""Make the keys of tapes, put them on paper and into escrow, prove that they could be recovered, rotate them.

  list       each key: generation, escrow, last drill, what is missing
  create     make the key of a segment (or take the one that is there) and record its fingerprint
  print      write envelope A (locked key), envelope B (words) and the escrow sheets to a folder; two people
  deposit    a sheet was put into escrow at a place; two people
  withdraw   a sheet was taken out again; two people
  drill      read both envelopes and sheets back and compare with the records; two people
  open       a key is needed: record it with two people and a reason, then write the key from paper to a file
  rotate     a new generation takes the place of the key in use; the old one is kept until its last tape is destroyed
  destroy    a key that no tape needs any more is gone for good; two people

Words of envelopes and sheets are read from files (or - for standard input), never from the command line.
Exit codes: 0 done, 1 found something (a key without proven escrow, paper that does not open it), 2 wrong use.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import KeyPaperUnreadable
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import (
    KeyAction,
    KeyEvent,
    current_key,
    escrow_gaps,
    generations_in_use,
    key_id,
    keys_to_keep,
    refuse_destruction,
    split_key_id,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.shares import join_sheets
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vault import keys
from scripts._arguments import Parser
from scripts._console import run_and_exit
from scripts._records import add_database_options, open_records

DONE, FOUND, UNUSABLE = 0, 1, 2
TOKYO = ZoneInfo("Asia/Tokyo")
TEMPLATES = REPOSITORY / "roles" / "vault" / "templates"


class Misuse(Exception):
    """The command cannot be carried out as it was given."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with open_records(options, REPOSITORY, create=True) as store:
            return int(options.command(store, options))
    except KeyPaperUnreadable as error:
        print(f"tape_keys: {error}", file=sys.stderr)
        return FOUND
    except InvalidEstate as error:
        print(f"tape_keys: {len(error.findings)} findings: run scripts/validate.py", file=sys.stderr)
        return UNUSABLE
    except (Misuse, CustodyRefused, RecordsError, keys.KeyRefused) as error:
        print(f"tape_keys: {error}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(f"tape_keys: {error.filename}: {error.strerror}", file=sys.stderr)
        return UNUSABLE


def _list(store: Store, _options: argparse.Namespace) -> int:
    platform, today = _platform(), datetime.now(UTC).astimezone(TOKYO).date()
    found = DONE
    for name, status in sorted(store.tape_keys.statuses().items()):
        state = "destroyed" if status.destroyed else "kept for old tapes" if status.superseded else "in use"
        drilled = f"{status.drilled_at.astimezone(TOKYO):%Y-%m-%d}" if status.drilled_at else "never"
        print(f"{name}  {state}, {len(status.sheets)} sheets in escrow, last drill {drilled}")
        print(f"  {status.fingerprint}")
        gaps = [] if status.destroyed else escrow_gaps(status, platform.key_escrow, platform.sites, today)
        for gap in gaps:
            print(f"  missing: {gap}")
            found = FOUND
    return found


def _create(store: Store, options: argparse.Namespace) -> int:
    statuses = store.tape_keys.statuses()
    present = current_key(statuses, options.segment)
    if present is not None:
        raise Misuse(f"{options.segment} has the key {present}: `rotate` makes the next generation")
    new = keys.ensure_key_pair(options.key, options.segment)
    name = key_id(options.segment, _next_generation(store, options.segment))
    _record(store, options, name, "create", fingerprint=keys.fingerprint(options.key))
    print(f"{name}: {'made' if new else 'the key that was there'} in {options.key}; next: print, deposit, drill")
    return DONE


def _print(store: Store, options: argparse.Namespace) -> int:
    status = store.tape_keys.status(options.key_id)
    if status is None:
        raise Misuse(f"{options.key_id}: no such key is in the records; create it first")
    if keys.fingerprint(options.key) != status.fingerprint:
        raise Misuse(f"{options.key} is not the key {options.key_id} of the records: give the right file")
    _two(options)
    today = datetime.now(UTC).astimezone(TOKYO).date()
    rule = _platform().key_escrow
    # The sheets of an earlier print open an earlier paper: while they lie in escrow nothing new may pretend to be it.
    if status.sheets:
        raise Misuse(f"{options.key_id}: sheets {', '.join(sorted(status.sheets))} are in escrow: withdraw them first")
    made = keys.print_key(TEMPLATES, options.key, options.key_id, rule, folder=options.folder, made_on=today)
    _record(store, options, options.key_id, "print", parts=str(made.parts))
    for file in made.files:
        print(file)
    print("print each on a printer without memory, then delete the files; then deposit the sheets and drill")
    for number, site in enumerate(keys.sheet_sites(rule), 1):
        print(f"  sheet {number} -> {site}")
    return DONE


def _deposit(store: Store, options: argparse.Namespace) -> int:
    sites = _platform().key_escrow.sites
    if options.site not in sites:
        raise Misuse(f"{options.site} is no place of escrow: {', '.join(sites)} (key_escrow in platform/backup.yml)")
    _record(store, options, options.key_id, "deposit", sheet=str(options.sheet), site=options.site)
    return DONE


def _withdraw(store: Store, options: argparse.Namespace) -> int:
    _record(store, options, options.key_id, "withdraw", sheet=str(options.sheet), reason=options.reason)
    return DONE


def _drill(store: Store, options: argparse.Namespace) -> int:
    status = store.tape_keys.status(options.key_id)
    if status is None:
        raise Misuse(f"{options.key_id}: no such key is in the records")
    _two(options)
    sheets = _sheets(options)
    name, _ = keys.drill(_lines(options.codes), _text(options.words), sheets, status.fingerprint)
    _same_key(name, options)
    _record(store, options, options.key_id, "drill", sheets=" ".join(str(number) for number in sorted(sheets)))
    print(
        f"{name}: envelope A opens the key in the records with B, and with sheets {', '.join(map(str, sorted(sheets)))}"
    )
    return DONE


def _open_key(store: Store, options: argparse.Namespace) -> int:
    status = store.tape_keys.status(options.key_id)
    if status is None:
        raise Misuse(f"{options.key_id}: no such key is in the records")
    _two(options)
    if options.output.exists():
        raise Misuse(f"{options.output} exists: name a new file")
    sheets = _sheets(options)
    phrase = join_sheets(list(sheets.values())) if sheets else _text(options.words)
    name, pem = keys.key_from_paper(_lines(options.codes), phrase)
    _same_key(name, options)
    if keys.fingerprint_of(pem) != status.fingerprint:
        raise KeyPaperUnreadable(f"{name}: the paper opens another key than the records know")
    used = " ".join(str(number) for number in sorted(sheets)) or "envelope B"
    # Recorded before anybody holds the key.
    _record(store, options, options.key_id, "open", sheets=used, reason=options.reason)
    keys.write_secret(options.output, pem)
    print(f"{name}: written to {options.output} (mode 0600); delete it after use, then print new papers and drill them")
    return DONE


def _rotate(store: Store, options: argparse.Namespace) -> int:
    statuses = store.tape_keys.statuses()
    old = current_key(statuses, options.segment)
    if old is None:
        raise Misuse(f"{options.segment} has no key in the records: create it first")
    unfinished = [name for name in generations_in_use(statuses, options.segment) if name != old]
    if unfinished:
        # A run was killed between its two entries: the new key is there, the old one was not yet superseded.
        for name in unfinished:
            _record(store, options, name, "supersede", reason=options.reason)
        return DONE
    moved = options.key.with_name(f"{old}.pem").exists()
    if not moved and keys.fingerprint(options.key) != statuses[old].fingerprint:
        raise Misuse(f"{options.key} is not the key {old} of the records: give the right file")
    name = key_id(options.segment, split_key_id(old)[1] + 1)
    kept = keys.rotate(options.key, old, options.segment)
    _record(store, options, name, "create", fingerprint=keys.fingerprint(options.key))
    _record(store, options, old, "supersede", reason=options.reason)
    print(f"{name}: in {options.key}; {old} is kept in {kept} until its last tape is destroyed")
    print("restart the client of the segment; print, deposit and drill the new key before its tapes leave")
    return DONE


def _destroy(store: Store, options: argparse.Namespace) -> int:
    status = store.tape_keys.status(options.key_id)
    if status is None:
        raise Misuse(f"{options.key_id}: no such key is in the records")
    # After a rotation the usual path holds the next generation: what is removed is this key and no other file.
    if options.key is not None and options.key.exists() and keys.fingerprint(options.key) != status.fingerprint:
        raise Misuse(f"{options.key} is not the key {options.key_id} of the records: give the right file")
    keys_of_tape: dict[str, set[str]] = {}
    for copy in store.copies.existing():
        for tape in copy.tapes if copy.key_id else ():
            keys_of_tape.setdefault(tape, set()).add(str(copy.key_id))
    refuse_destruction(options.key_id, keys_to_keep(store.custody.statuses().values(), keys_of_tape))
    for run_id, name in store.backups.unrecorded_with_key(options.key_id):
        raise CustodyRefused(
            f"{options.key_id}: backup run {run_id} wrote {name} with it, and its copy is not in the records yet: "
            "run the backup again, it records what is on tape"
        )
    _record(store, options, options.key_id, "destroy", reason=options.reason)
    if options.key is not None:
        options.key.unlink(missing_ok=True)
    print(f"{options.key_id}: destroyed; shred its envelopes and sheets")
    return DONE


# --- shared -------------------------------------------------------------------------------------------------------


def _record(store: Store, options: argparse.Namespace, name: str, action: KeyAction, **details: str) -> None:
    origin = Origin.here(run_id=uuid.uuid4().hex[:12])
    event = KeyEvent(name, action, datetime.now(UTC), tuple(options.people), details)
    store.tape_keys.record(event, origin)
    print(f"{name}: {action} recorded")


def _two(options: argparse.Namespace) -> None:
    """Before anything secret is shown: the records would refuse it only afterwards."""
    if len({" ".join(name.split()) for name in options.people} - {""}) < 2:
        raise Misuse("this needs two different people: --people '山田 太郎' '鈴木 花子'")


def _next_generation(store: Store, segment: str) -> int:
    numbers = [split_key_id(name)[1] for name in store.tape_keys.statuses() if split_key_id(name)[0] == segment]
    return max(numbers, default=0) + 1


def _same_key(name: str, options: argparse.Namespace) -> None:
    if name != options.key_id:
        raise KeyPaperUnreadable(f"the paper is of {name}, not of {options.key_id}: take the other envelope")


def _sheets(options: argparse.Namespace) -> dict[int, str]:
    found = {}
    for text in options.sheet or []:
        number, separator, file = text.partition("=")
        if not separator or not number.isdigit():
            raise Misuse(f"--sheet {text}: write NUMBER=FILE, for example --sheet 1=sheet-1.txt")
        found[int(number)] = _text(Path(file))
    return found


def _text(file: Path) -> str:
    return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")


def _lines(file: Path) -> list[str]:
    return _text(file).splitlines()


def _platform() -> Platform:
    return load_estate(REPOSITORY, as_of=datetime.now(UTC).astimezone(TOKYO).date()).estate.platform


def _parser() -> Parser:
    parser = Parser(prog="tape_keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_database_options(parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def command(name: str, run: Callable[[Store, argparse.Namespace], int], text: str, *names: str) -> Parser:
        one: Parser = commands.add_parser(name, help=text, description=text)
        one.set_defaults(command=run)
        for each in names:
            one.add_argument(*_OPTIONS[each][0], **_OPTIONS[each][1])
        return one

    command("list", _list, "each key and what is missing in its escrow")
    command("create", _create, "make or take the key of a segment", "segment", "key", "people")
    command("print", _print, "envelopes and escrow sheets", "key_id", "key", "folder", "people")
    command("deposit", _deposit, "a sheet went into escrow", "key_id", "number", "site", "people")
    command("withdraw", _withdraw, "a sheet was taken out", "key_id", "number", "reason", "people")
    command("drill", _drill, "read everything back from paper", "key_id", "codes", "words", "sheet", "people")
    one = command(
        "open", _open_key, "recover a key from paper", "key_id", "codes", "sheet", "reason", "people", "output"
    )
    one.add_argument("--words", type=Path, default=Path("-"), metavar="FILE", help="of envelope B, without sheets")
    command("rotate", _rotate, "the next generation", "segment", "key", "reason", "people")
    one = command("destroy", _destroy, "a key that no tape needs", "key_id", "reason", "people")
    one.add_argument("--key", type=Path, metavar="FILE", help="its file, which is removed")
    return parser


_OPTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "segment": (("segment",), {"metavar": "SEGMENT", "help": "internet, lgwan, mynumber, or master"}),
    "key_id": (("key_id",), {"metavar": "KEY", "help": "for example lgwan-g1"}),
    "key": (("--key",), {"type": Path, "required": True, "metavar": "FILE", "help": "key pair of the client in PEM"}),
    "folder": (("--folder",), {"type": Path, "required": True, "help": "new files of mode 0600"}),
    "number": (("--sheet",), {"type": int, "required": True, "metavar": "NUMBER"}),
    "site": (("--site",), {"required": True, "help": "a place of key_escrow in platform/backup.yml"}),
    "reason": (("--reason",), {"required": True}),
    "codes": (("--codes",), {"type": Path, "required": True, "metavar": "FILE", "help": "QR codes of A, one a line"}),
    "words": (("--words",), {"type": Path, "required": True, "metavar": "FILE", "help": "typed from envelope B"}),
    "sheet": (
        ("--sheet",),
        {"action": "append", "metavar": "NUMBER=FILE", "help": "words of an escrow sheet; several times"},
    ),
    "people": (("--people",), {"nargs": "+", "required": True, "metavar": "NAME"}),
    "output": (("--output",), {"type": Path, "required": True, "metavar": "FILE", "help": "for the recovered key"}),
}


if __name__ == "__main__":
    run_and_exit(main)
