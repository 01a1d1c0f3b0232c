"""Where a tape is and what it may be used for, from its events alone. Pure.

`step` applies the closed table; `refusal` says what our policy adds to it (keys, retention, destruction). The records
keep the events; nothing else says where a tape is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import (
    EVIDENCE,
    OFF_SITE,
    SINGLE_PLACES,
    TRANSITIONS,
    Action,
    Evidence,
    Place,
    State,
)


class CustodyRefused(Exception):
    """What was to be recorded is not allowed; the message is one line and says what to do."""


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """One thing that happened to a tape. `people` are the names of those who did it; `happened_at` is aware."""

    tape: str
    action: Action
    happened_at: datetime
    people: tuple[str, ...] = ()
    evidence: Mapping[Evidence, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TapeStatus:
    """A tape after its last event. `since`: when it came to its place; `position`: slot, drive or port; else the case.

    `fate` says why it is gone: lost or destroyed. `recalled_for` is the reason of an open recall.
    """

    tape: str
    pool: str
    library: str
    state: State
    place: Place
    position: str
    since: datetime
    changed_at: datetime
    people: tuple[str, ...]
    case: str = ""
    seal: str = ""
    fate: str = ""
    recalled_for: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the policy knows about a tape at the moment of an event.

    `keys_without_escrow`: key ids on the tape whose recovery is not proven; `unencrypted`: something on it is in clear;
    `kept_because`: why its content may not be given up yet (empty: it may); `must_destroy`: never erased for reuse.
    """

    keys_without_escrow: tuple[str, ...] = ()
    unencrypted: bool = False
    kept_because: tuple[str, ...] = ()
    must_destroy: bool = False


FUTURE_TOLERANCE = timedelta(minutes=5)  # clocks of hand scanners
# What is given up or could not be read may go to its destruction on site; to the courier nothing goes without its key.
_PREPARES_TO_LEAVE: frozenset[Action] = frozenset({"eject", "take-out"})
_GIVES_UP: frozenset[Action] = frozenset({"expire", "erase", "destroy"})


# Case and seal of the last hand-over must still be the same.
_SEALED: frozenset[Action] = frozenset({"hand-to-courier", "arrive", "come-home"})


def step(status: TapeStatus | None, event: CustodyEvent) -> TapeStatus:
    """Return the status after an event; raise CustodyRefused where the closed table does not allow it."""
    transition = TRANSITIONS.get(event.action)
    if transition is None:
        raise CustodyRefused(f"{event.tape}: '{event.action}' is no action; known are {', '.join(TRANSITIONS)}")
    _check_form(event, transition.people, transition.evidence)
    if event.action == "register":
        if status is not None:
            raise CustodyRefused(f"{event.tape}: is registered already; a barcode is never used for a second tape")
        return TapeStatus(
            tape=event.tape,
            pool=event.evidence["pool"],
            library=event.evidence["library"],
            state="writable",
            place="slot",
            position=event.evidence["position"],
            since=event.happened_at,
            changed_at=event.happened_at,
            people=event.people,
        )
    if status is None:
        raise CustodyRefused(f"{event.tape}: is not registered; check the barcode, or register the tape first")
    if event.happened_at < status.changed_at:
        raise CustodyRefused(
            f"{event.tape}: {event.action} at {event.happened_at.isoformat()} lies before the last event "
            f"({status.changed_at.isoformat()}); record events in their order"
        )
    allowed = status.state in transition.states and status.place in transition.places
    if not allowed or (event.action == "find" and status.fate != "lost"):
        raise CustodyRefused(
            f"{event.tape}: cannot {event.action} a tape that is {status.state} in place '{status.place}'"
            f"{f' ({status.fate})' if status.fate else ''}; needed: {_needed(event.action)}"
        )
    return _after(status, event, transition.to_state, transition.to_place)


def refusal(status: TapeStatus, event: CustodyEvent, facts: Facts) -> str | None:
    """Why our policy does not allow an event that the table allows, or None."""
    if event.action in _GIVES_UP and facts.kept_because:
        return f"{event.tape}: is still needed: {'; '.join(facts.kept_because)}"
    if event.action == "erase" and facts.must_destroy:
        return f"{event.tape}: tapes of pool {status.pool} are destroyed, never used again: retire and destroy it"
    leaving = event.action in _PREPARES_TO_LEAVE and status.state == "full"
    if leaving or event.action == "hand-to-courier":
        if facts.unencrypted:
            return f"{event.tape}: holds data that is not encrypted; it does not leave the site"
        if facts.keys_without_escrow:
            keys = ", ".join(facts.keys_without_escrow)
            return f"{event.tape}: key {keys} has no proven escrow; put its sheets into escrow and drill them first"
    return None


def replay(events: Iterable[CustodyEvent]) -> TapeStatus | None:
    """The status after all events of one tape, in their order; None without any."""
    status: TapeStatus | None = None
    for event in events:
        status = step(status, event)
    return status


def admit(present: Mapping[str, TapeStatus], event: CustodyEvent, facts: Callable[[TapeStatus], Facts]) -> TapeStatus:
    """The status after a new event, if table, policy and the other tapes allow it; CustodyRefused else.

    `present`: all tapes as they are now. `facts`: what the policy knows of a tape (custody.facts).
    """
    before = present.get(event.tape)
    after = step(before, event)
    reason = refusal(before, event, facts(before)) if before else None
    if reason is not None:
        raise CustodyRefused(reason)
    other = collision(after, present.values())
    if other is not None:
        raise CustodyRefused(
            f"{event.tape}: {other} is already in {after.place} {after.position} of {after.library}; "
            "record where that tape went first"
        )
    return after


def unreadable_tapes(statuses: Iterable[TapeStatus]) -> frozenset[str]:
    """Barcodes of the tapes from which nothing can be restored now: damaged, lost, destroyed."""
    return frozenset(each.tape for each in statuses if each.state == "damaged" or each.place == "gone")


def collision(status: TapeStatus, others: Iterable[TapeStatus]) -> str | None:
    """The tape that already is at the position of `status`, or None. Slots, drives and ports hold one each."""
    if status.place not in SINGLE_PLACES:
        return None
    where = (status.library, status.place, status.position)
    return next(
        (
            each.tape
            for each in others
            if each.tape != status.tape and (each.library, each.place, each.position) == where
        ),
        None,
    )


def _check_form(event: CustodyEvent, people: int, evidence: tuple[Evidence, ...]) -> None:
    if event.happened_at.tzinfo is None:
        raise CustodyRefused(
            f"{event.tape}: the time of {event.action} has no zone; write it as 2026-12-01T10:00+09:00"
        )
    names = {" ".join(name.split()) for name in event.people} - {""}
    if len(names) < people:
        raise CustodyRefused(
            f"{event.tape}: {event.action} needs {people} different people by name, {len(names)} given"
        )
    missing = [name for name in evidence if not event.evidence.get(name, "").strip()]
    if missing:
        raise CustodyRefused(f"{event.tape}: {event.action} needs {', '.join(missing)}")
    unknown = sorted(set(event.evidence) - set(EVIDENCE))
    if unknown:
        raise CustodyRefused(f"{event.tape}: {', '.join(unknown)} is no evidence; known are {', '.join(EVIDENCE)}")


def _needed(action: Action) -> str:
    transition = TRANSITIONS[action]
    return f"{' or '.join(sorted(transition.states))} in {' or '.join(sorted(transition.places))}"


def _after(status: TapeStatus, event: CustodyEvent, to_state: State | None, to_place: Place | None) -> TapeStatus:
    evidence = event.evidence
    after = replace(status, state=to_state or status.state, changed_at=event.happened_at, people=event.people)
    if event.action == "recall":
        return replace(after, recalled_for=evidence["reason"])
    if to_place is None:
        return after
    case, seal = evidence.get("case", status.case), evidence.get("seal", status.seal)
    if to_place not in OFF_SITE and to_place != "hand-over":
        case = seal = ""
    if event.action in _SEALED and (case, seal) != (status.case, status.seal) and not evidence.get("reason"):
        raise CustodyRefused(
            f"{event.tape}: was sealed as {status.case} {status.seal}, now {case} {seal}: "
            "give the reason (who opened or exchanged it), or treat it as a broken seal"
        )
    fate = {"lose": "lost", "destroy": "destroyed"}.get(event.action, "")
    return replace(
        after,
        place=to_place,
        position=evidence["position"] if "position" in TRANSITIONS[event.action].evidence else case,
        since=event.happened_at,
        case=case,
        seal=seal,
        fate=fate,
        recalled_for="" if to_place not in OFF_SITE else status.recalled_for,
    )
