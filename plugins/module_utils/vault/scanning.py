"""Scans against the ledger: what was found as ordered is recorded as moved, everything else is told and not moved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.reconcile import Reconciled, reconcile
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.scans import NO_SEAL, Scan, read_scan
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import Action, Place
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import Move
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.vault import Direction
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import Order, last_day, orders_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import trouble_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import Step
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

KIND = "vault-scan"
Seals = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Passage:
    """What a scan of one step records. `new_seal`: the case was sealed just before, so that the scan tells the seal."""

    action: Action
    direction: Direction
    before: Place
    document: str  # which paper proves it: order, manifest, receipt
    new_seal: bool


PASSAGES: Mapping[Step, Passage] = {
    "take-out": Passage("take-out", "out", "exit-port", "order", new_seal=True),
    "hand-over": Passage("hand-to-courier", "out", "hand-over", "manifest", new_seal=False),
    "arrive": Passage("arrive", "out", "courier", "receipt", new_seal=False),
    "leave-vault": Passage("leave-vault", "in", "vault", "manifest", new_seal=True),
    "come-home": Passage("come-home", "in", "returning", "receipt", new_seal=False),
}


def take_scan(vault: Vault) -> None:
    """Read the scan of a step, record what is right, and tell every difference. The same scan twice changes nothing."""
    request = vault.request
    request.require(scan=request.scan, people=request.people)
    passage = PASSAGES[request.step]
    content = _content(request.scan)
    scan = read_scan(content)
    orders = _orders(vault)
    statuses = vault.store.custody.statuses()
    moves = [
        (order, move)
        for order in orders
        for move in (order.plan.outgoing if passage.direction == "out" else order.plan.incoming)
    ]
    done = _passed(scan, passage, [move for _, move in moves], statuses)
    open_moves = {move.tape: (order, move) for order, move in moves if statuses[move.tape].place == passage.before}
    expected = _expected(passage, scan, open_moves, statuses)
    left = replace(scan, tapes=tuple(each for each in scan.tapes if each.tape not in done))
    found = reconcile(left, expected, frozenset(statuses))
    events = [_event(vault, passage, *open_moves[tape], expected[tape]) for tape in found.right]
    if not request.check:
        vault.record(events)
        _remember(vault, content, found)
    vault.done.changed = bool(events)
    vault.done.troubles += [trouble_of(each) for each in found.discrepancies]
    vault.done.say(f"{request.step}: {len(found.right)} tapes as ordered, {len(found.discrepancies)} differences")
    if done:
        vault.done.say(f"{len(done)} tapes were recorded before: {', '.join(sorted(done))}")


def _content(file: Path | None) -> bytes:
    if file is None:
        raise VerbRefused("the step needs a scan")
    try:
        return file.read_bytes()
    except OSError as error:
        raise VerbRefused(f"the scan {file} cannot be read: {error.strerror}") from error


def _orders(vault: Vault) -> list[Order]:
    day = vault.request.day or last_day(vault.store)
    orders = orders_of(vault.store, day) if day is not None else []
    if not orders:
        raise VerbRefused(f"no order was issued{f' for {day}' if day else ''}: run step order first, or give day")
    return orders


def _passed(scan: Scan, passage: Passage, moves: list[Move], statuses: Mapping[str, TapeStatus]) -> frozenset[str]:
    """Tapes of the scan that are further already, in the same case and seal: somebody ran the step twice."""
    ours = {move.tape for move in moves}
    return frozenset(
        each.tape
        for each in scan.tapes
        if each.tape in ours
        and statuses[each.tape].place != passage.before
        and (statuses[each.tape].case, statuses[each.tape].seal) == (each.case, each.seal)
    )


def _expected(
    passage: Passage, scan: Scan, moves: Mapping[str, tuple[Order, Move]], statuses: Mapping[str, TapeStatus]
) -> dict[str, tuple[str, str]]:
    """Case and seal that a scan must show of each tape; a new seal is the ordered one, else the scanned one."""
    shown = _one_seal_of_each_case(scan)
    expected = {}
    for tape, (order, move) in moves.items():
        if passage.new_seal:
            chosen = order.seals.get(move.case, "") if passage.direction == "out" else ""
            expected[tape] = (move.case, chosen or shown.get(move.case, ""))
        else:
            expected[tape] = (statuses[tape].case, statuses[tape].seal)
    return expected


def _one_seal_of_each_case(scan: Scan) -> dict[str, str]:
    """The seal that a scan shows of a case, if all its tapes say the same."""
    seals: dict[str, set[str]] = {}
    for each in scan.tapes:
        seals.setdefault(each.case, set()).add(each.seal)
    return {case: next(iter(found)) for case, found in seals.items() if len(found) == 1 and found != {NO_SEAL}}


def _event(vault: Vault, passage: Passage, order: Order, move: Move, sealed: tuple[str, str]) -> CustodyEvent:
    sheet = order.sheet_of(move.tape, passage.direction)
    numbers = {"order": "", "manifest": "", "receipt": ""}
    if sheet is not None:
        numbers = {"order": sheet.number, "manifest": sheet.manifest, "receipt": sheet.receipt}
    document = vault.request.document or numbers[passage.document]
    evidence = {passage.document: document, "case": sealed[0], "seal": sealed[1]}
    return vault.event(move.tape, passage.action, vault.request.people, **evidence)


def _remember(vault: Vault, content: bytes, found: Reconciled) -> None:
    """That a scan showed differences is itself a fact of the chain of custody; the same scan is written once."""
    payload = {
        "step": vault.request.step,
        "scan_sha256": hashlib.sha256(content).hexdigest(),
        "people": list(vault.request.people),
        "differences": [
            {"kind": each.kind, "tape": each.tape, "expected": each.expected, "found": each.found}
            for each in found.discrepancies
        ],
    }
    if found.clean:
        return
    subject = f"{vault.request.step} {payload['scan_sha256'][:12]}"
    if not vault.store.chain.entries(kind=KIND, subject=subject, limit=1):
        vault.store.chain.append(KIND, subject, payload, vault.origin)
