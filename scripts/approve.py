#!/usr/bin/env python3
"""Approve a change by signed file: create, sign, check, record, overdue.

An approval is approvals/CHG-….yml with one SSH signature per approver beside it; approvals/approvers.yml says who may.

  create    write the file from a live plan (plan.json), or from an emergency run that was made without one
  sign      sign it with your own key
  check     are all files sound and fully signed (CI)
  record    enter an approval that comes after an emergency into the records
  overdue   emergency runs that nobody approved in time

Exit codes: 0 done, 1 an approval does not count or is overdue, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.affected import greatest_risk, owners_of_interrupted
from ansible_collections.kyotsu.platform.plugins.module_utils.approval import EMERGENCY, PLAN, PlanFacts, problems
from ansible_collections.kyotsu.platform.plugins.module_utils.approval_files import (
    FOLDER,
    ApprovalError,
    SignedApproval,
    approver_findings,
    read_approval,
    read_approvers,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import DECOMMISSION, DRILL, LIVE, read_plan_document
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import both
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry, Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.signatures import SignatureError, sign, signature_file
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.emergencies import (
    AFTERWARDS,
    UNAPPROVED,
    emergency_standings,
)
from scripts._arguments import Parser, day
from scripts._console import run_and_exit
from scripts._records import add_database_options, open_records

DONE, REFUSED, MISUSE = 0, 1, 2


class Misuse(Exception):
    """The command cannot be carried out as it was given."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except ApprovalError as error:
        for reason in error.reasons:
            print(f"approve: {reason}", file=sys.stderr)
        return REFUSED
    except (Misuse, SignatureError, RecordsError) as error:
        print(f"approve: {error}", file=sys.stderr)
        return MISUSE


# --- create ---------------------------------------------------------------------------------------------------------


def _create(options: argparse.Namespace) -> int:
    approvers = read_approvers(options.repository)
    unknown = [each for each in (options.requester, *options.approver, *options.executor) if not approvers.person(each)]
    if unknown:
        raise Misuse(f"not in approvers.yml: {', '.join(unknown)}")
    subject = _of_plan(options) if options.plan else _of_run(options)
    now = options.now
    fields: dict[str, Any] = {
        "change": options.change,
        **subject,
        "reason": options.reason,
        "requester": options.requester,
        "approvers": options.approver,
        "executors": options.executor,
        "approved_at": _time_text(now),
        "valid_from": _time_text(options.valid_from or now),
        "valid_until": _time_text(options.valid_until or now + timedelta(days=7)),
    }
    if options.window:
        start, end = options.window
        fields["window"] = {"start": _time_text(start), "end": _time_text(end)}
    file: Path = options.repository / FOLDER / f"{options.change}.yml"
    if file.exists():
        raise Misuse(f"{file.name} is there already: a change has one approval; give another number")
    # JSON is YAML: every value is quoted and none is read as something else.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    text = "# yaml-language-server: $schema=_schema/approval.schema.json\n" + "\n".join(lines) + "\n"
    file.write_text(text, encoding="utf-8")
    try:
        read_approval(options.repository, file, approvers)
    except ApprovalError:
        file.unlink()
        raise
    print(f"{file}: risk {subject['risk']}, interrupts {', '.join(subject['systems']) or 'nobody'}")
    for identity in options.approver:
        print(f"  {identity}: scripts/approve.py sign {FOLDER}/{file.name} --as {identity} --key ~/.ssh/id_ed25519")
    return DONE


def _of_plan(options: argparse.Namespace) -> dict[str, Any]:
    try:
        content = json.loads(options.plan.read_text(encoding="utf-8"))
        document = read_plan_document(options.plan.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misuse(f"plan {options.plan}: {error}") from error
    if document["kind"] not in {LIVE, DECOMMISSION, DRILL}:
        raise Misuse(f"it is a plan of kind {document['kind']!r}: only a plan made against the vCenters is approved")
    changes = [Change(**each) for each in document["changes"]]
    return {
        "kind": PLAN,
        "environment": document["environment"],
        "digest": content["digest"],
        "risk": greatest_risk(changes),
        "systems": list(owners_of_interrupted(_estate(options.repository), changes)),
    }


def _of_run(options: argparse.Namespace) -> dict[str, Any]:
    with open_records(options, REPOSITORY) as store:
        entry = _unapproved(store, options.run_id)
    payload = json.loads(entry.payload_text)
    return {
        "kind": EMERGENCY,
        "environment": payload["environment"],
        "digest": entry.subject,
        "risk": payload["risk"],
        "systems": sorted(payload["owners"]),
        "run_id": entry.run_id,
    }


# --- sign, check ----------------------------------------------------------------------------------------------------


def _sign(options: argparse.Namespace) -> int:
    approvers = read_approvers(options.repository)
    signed = read_approval(options.repository, options.file, approvers)
    approval = signed.approval
    if options.identity not in approval.approvers:
        raise Misuse(f"{options.identity} is no approver of {approval.change}: {', '.join(approval.approvers)}")
    print(f"{approval.change}: {approval.reason}")
    print(f"  plan {approval.digest} for {approval.environment}, risk {approval.risk}")
    print(f"  interrupts {', '.join(approval.systems) or 'nobody'}, until {approval.valid_until}")
    target = signature_file(options.file, options.identity)
    before = target.read_bytes() if target.exists() else None
    sign(options.file, options.identity, options.key)
    if options.identity not in read_approval(options.repository, options.file, approvers).signed_by:
        # A signature that does not count must not lie there as if it did.
        target.unlink() if before is None else target.write_bytes(before)
        raise ApprovalError([f"{options.key} is not the key that approvers.yml has of {options.identity}"])
    print(f"  signed: {target}")
    return DONE


def _check(options: argparse.Namespace) -> int:
    approvers = read_approvers(options.repository)
    estate = _estate(options.repository)
    reasons = [both(each) for each in approver_findings(approvers, estate.platform.organisations)]
    files = options.files or sorted((options.repository / FOLDER).glob("CHG-*.yml"))
    for file in files:
        try:
            signed = read_approval(options.repository, file, approvers)
        except ApprovalError as error:
            reasons += error.reasons
            continue
        reasons += [f"{file.name}: {each}" for each in _reasons(signed, estate, options.repository)]
    if options.files == []:
        reasons += _stray(options.repository)
    for reason in reasons:
        print(reason)
    print(f"{len(files)} approvals, {len(approvers.people)} people, {len(reasons)} findings")
    return REFUSED if reasons else DONE


def _reasons(signed: SignedApproval, estate: Estate, repository: Path) -> list[str]:
    """Why a file would not count at the time it is made for; whether that time has passed is the run's business."""
    approval = signed.approval
    moment = datetime.fromisoformat(approval.window.start if approval.window else approval.valid_from)
    facts = PlanFacts(
        digest=approval.digest,
        environment=approval.environment,
        risk=approval.risk,
        owners=_owners(estate, approval.systems),
    )
    return [both(each) for each in problems(approval, read_approvers(repository), facts, signed.signed_by, moment)]


def _owners(estate: Estate, systems: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """As owners_of_interrupted, from the systems that a file names; a system that is gone has nobody to ask."""
    changes = [
        Change(
            vcenter="",
            kind="machine",
            object=system.machines[0].key,
            label="",
            action="update",
            field="",
            before=None,
            after=None,
            risk="outage",
            reason="",
        )
        for system in estate.systems
        if system.id in systems and system.machines
    ]
    return dict(owners_of_interrupted(estate, changes))


def _stray(repository: Path) -> list[str]:
    """Signatures of nobody who was asked: a typing error, or an approval that was removed."""
    folder = repository / FOLDER
    return [
        f"{file.name}: no approval asks for this signature"
        for file in sorted(folder.glob("*.sig"))
        if not (folder / file.name.rsplit(".", 2)[0]).is_file()
    ]


# --- afterwards -----------------------------------------------------------------------------------------------------


def _record(options: argparse.Namespace) -> int:
    approvers = read_approvers(options.repository)
    signed = read_approval(options.repository, options.file, approvers)
    approval = signed.approval
    if approval.kind != EMERGENCY or approval.run_id is None:
        raise Misuse(f"{options.file.name} is no approval of an emergency: provision itself records the others")
    from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.approved import approval_details

    with open_records(options, REPOSITORY) as store:
        entry = _unapproved(store, approval.run_id)
        payload = json.loads(entry.payload_text)
        facts = PlanFacts(
            digest=entry.subject,
            environment=payload["environment"],
            risk=payload["risk"],
            owners={system: tuple(units) for system, units in payload["owners"].items()},
        )
        found = problems(approval, approvers, facts, signed.signed_by, options.now, actor=entry.actor)
        reasons = [f"{options.file.name}: {both(each)}" for each in found]
        if reasons:
            raise ApprovalError(reasons)
        store.chain.append(
            AFTERWARDS,
            entry.subject,
            {"run_id": approval.run_id, **approval_details(signed, approvers)},
            Origin.here(run_id="approve-record"),
        )
    print(f"{approval.change}: run {approval.run_id} of {entry.actor} is approved")
    return DONE


def _overdue(options: argparse.Namespace) -> int:
    timezone = _estate(options.repository).platform.estate.timezone
    as_of = options.as_of or datetime.now(ZoneInfo(timezone)).date()
    with open_records(options, REPOSITORY) as store:
        found = emergency_standings(store, options.repository, today=as_of, timezone=timezone)
    for each in found:
        print(both(each.text))
    bad = sum(each.bad for each in found)
    print(f"{len(found)} emergency runs, {bad} overdue or late")
    return REFUSED if bad else DONE


def _unapproved(store: Store, run_id: str) -> Entry:
    found = [entry for entry in store.chain.entries(kind=UNAPPROVED) if entry.run_id == run_id]
    if not found:
        raise Misuse(f"the records know no emergency run {run_id} without an approval (scripts/approve.py overdue)")
    require_proven(found[0])
    return found[0]


def _estate(repository: Path) -> Estate:
    estate = inspect(repository, today()).estate
    if estate is None:
        raise Misuse("platform/ cannot be read; run scripts/validate.py first")
    return estate


def _time_text(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def _change(text: str) -> str:
    # It becomes the name of a file.
    if not re.fullmatch("CHG-[0-9A-Z]+(-[0-9A-Z]+)*", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number like CHG-2026-0001")
    return text


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} is not a time with an offset like 2026-11-24T22:30+09:00")
    return time


def _parser() -> Parser:
    parser = Parser(prog="approve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this repository")
    add_database_options(parser)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def command(name: str, run: Any, text: str) -> Parser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(command=run)
        return one

    one = command("create", _create, "write approvals/CHG-….yml for signature")
    subject = one.add_mutually_exclusive_group(required=True)
    subject.add_argument("--plan", type=Path, metavar="FILE", help="live plan: playbooks/plan.yml -e output=plan.json")
    subject.add_argument("--run-id", metavar="RUN", help="emergency run to approve afterwards")
    one.add_argument("--change", type=_change, required=True, metavar="CHG-…", help="number of the change")
    one.add_argument("--reason", required=True, help="why it is made")
    one.add_argument("--requester", required=True, metavar="ID")
    one.add_argument("--approver", required=True, action="append", metavar="ID", help="who signs; may be repeated")
    one.add_argument("--executor", required=True, action="append", metavar="ID", help="who runs it; may be repeated")
    one.add_argument("--valid-from", type=_time, metavar="TIME", help="default: now")
    one.add_argument("--valid-until", type=_time, metavar="TIME", help="default: in 7 days")
    one.add_argument("--window", type=_time, nargs=2, metavar=("START", "END"), help="when it may be made")
    _now(one)
    one = command("sign", _sign, "sign an approval with your own key")
    one.add_argument("file", type=Path)
    one.add_argument("--as", dest="identity", required=True, metavar="ID", help="your id in approvers.yml")
    one.add_argument("--key", type=Path, required=True, help="private key, or public key of one in the agent")
    one = command("check", _check, "are the approvals sound and fully signed")
    one.add_argument("files", type=Path, nargs="*", help="default: all")
    one = command("record", _record, "enter the approval of an emergency into the records")
    one.add_argument("file", type=Path)
    _now(one)
    one = command("overdue", _overdue, "emergency runs without an approval in time")
    one.add_argument("--as-of", type=day, metavar="YYYY-MM-DD", help="default: today")
    return parser


def _now(parser: Parser) -> None:
    parser.add_argument("--now", type=_time, default=datetime.now(UTC).astimezone(), help=argparse.SUPPRESS)


if __name__ == "__main__":
    run_and_exit(main)
