"""What people report about single tapes: recalled, lost, found, damaged, brought back. Recorded once each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.courier import arrival_of_recall
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, TapeStatus, admit
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import TRANSITIONS, Action
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import Knowledge
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

_OPTIONS = {"certificate": "certificate", "reason": "reason"}


def report(vault: Vault, action: Action) -> None:
    """Record one action for each named tape, all or none; what is recorded already is left out."""
    request = vault.request
    needed = TRANSITIONS[action]
    request.require(tapes=request.tapes)
    if needed.people:
        request.require(people=request.people)
    for evidence, option in _OPTIONS.items():
        if evidence in needed.evidence:
            request.require(**{option: getattr(request, option)})
    known = vault.know()
    tapes = named(known, request.tapes)
    fresh = [tape for tape in tapes if not _already(known.statuses[tape], action, request.reason)]
    events = [_event(vault, tape, action) for tape in fresh]
    _admit(known, events)
    if not request.check:
        vault.record(events)
    vault.done.changed = bool(events)
    vault.done.say(f"{action}: {', '.join(fresh) or 'recorded before'}")
    if action == "recall" and fresh:
        day = arrival_of_recall(vault.site, vault.now.astimezone(vault.zone).date())
        vault.done.say(f"at the data centre by {day} at the latest; step order puts them onto the papers")


def recall(
    store: Store,
    known: Knowledge,
    tapes: Sequence[str],
    *,
    reason: str,
    people: Sequence[str],
    order: str,
    at: datetime,
    origin: Origin,
) -> list[str]:
    """Ask tapes back from the vault, for a restore; give those that were not asked back before.

    `order` is what the recall is known by (a ticket, a restore's id), `at` when it was asked. Raises CustodyRefused if
    a tape is not in the vault, VerbRefused if it is not registered.
    """
    fresh = [tape for tape in named(known, tapes) if not known.statuses[tape].recalled_for]
    events = [CustodyEvent(tape, "recall", at, tuple(people), {"order": order, "reason": reason}) for tape in fresh]
    store.custody.record(events, known.facts, origin)
    return fresh


def named(known: Knowledge, tapes: Sequence[str]) -> list[str]:
    """The barcodes of tapes that people named. VerbRefused for one that is not registered."""
    codes = list(dict.fromkeys(tape.strip().upper() for tape in tapes))
    unknown = [tape for tape in codes if tape not in known.statuses]
    if unknown:
        raise VerbRefused(f"not registered: {', '.join(unknown)}; `scripts/tape.py list` shows all tapes")
    return codes


def _admit(known: Knowledge, events: Sequence[CustodyEvent]) -> None:
    """Raise CustodyRefused for the first event that the ledger would refuse: check mode says the same as a run."""
    present = dict(known.statuses)
    for event in events:
        present[event.tape] = admit(present, event, known.facts)


def _already(status: TapeStatus, action: Action, reason: str) -> bool:
    if action == "recall":
        return bool(status.recalled_for) and status.recalled_for == reason
    if action == "lose":
        return status.fate == "lost"
    if action == "destroy":  # a lost tape is gone as well, and nobody has seen it destroyed
        return status.fate == "destroyed"
    to = TRANSITIONS[action]
    if action == "find" or to.to_state is None:
        return to.to_place is not None and status.place == to.to_place
    return status.state == to.to_state and (to.to_place is None or status.place == to.to_place)


def _event(vault: Vault, tape: str, action: Action) -> CustodyEvent:
    request = vault.request
    needed = TRANSITIONS[action].evidence
    given = {
        "reason": request.reason,
        "certificate": request.certificate,
        "order": request.document or f"RECALL-{vault.now.astimezone(vault.zone):%Y%m%d}",
        "manifest": request.document,
    }
    return vault.event(tape, action, request.people, **{name: given.get(name, "") for name in needed})
