"""Keys of tapes: one per segment and generation, their escrow and what opened them. Pure.

Recovery is proven by a drill that read paper and passphrase back, made after the last change of the sheets, not longer
ago than the policy says. A tape whose key is not proven does not leave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, get_args

from dateutil.relativedelta import relativedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused, TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Site
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import KeyEscrow

KeyAction = Literal["create", "print", "deposit", "withdraw", "drill", "open", "supersede", "destroy"]
KEY_ACTIONS: tuple[KeyAction, ...] = get_args(KeyAction)
# Who must be there: what shows the key to somebody is never done alone.
PEOPLE: dict[KeyAction, int] = {
    "create": 1,
    "print": 2,
    "deposit": 2,
    "withdraw": 2,
    "drill": 2,
    "open": 2,
    "supersede": 1,
    "destroy": 2,
}
NEEDS: dict[KeyAction, tuple[str, ...]] = {
    "create": ("fingerprint",),
    "print": ("parts",),
    "deposit": ("sheet", "site"),
    "withdraw": ("sheet", "reason"),
    "drill": ("sheets",),
    "open": ("sheets", "reason"),
    "supersede": ("reason",),
    "destroy": ("reason",),
}
_KEY_ID = re.compile(r"(?P<segment>[a-z0-9]+(?:-[a-z0-9]+)*)-g(?P<generation>[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One thing that happened to a key. `details` are texts: fingerprint, parts, sheet, site, sheets, reason."""

    key_id: str
    action: KeyAction
    happened_at: datetime
    people: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A key after its last event. `sheets`: site of each sheet in escrow by its number; times are those of events."""

    key_id: str
    fingerprint: str
    created_at: datetime
    changed_at: datetime
    printed_at: datetime | None = None
    sheets: Mapping[str, str] = field(default_factory=dict)
    sheets_changed_at: datetime | None = None
    drilled_at: datetime | None = None
    opened_at: datetime | None = None
    superseded: bool = False
    destroyed: bool = False


def key_id(segment: str, generation: int) -> str:
    """The id of a key: `lgwan-g2` is the second of the segment lgwan."""
    name = f"{segment}-g{generation}"
    if generation < 1 or not _KEY_ID.fullmatch(name):
        raise ValueError(f"'{name}' is no key id: a segment and a generation from 1")
    return name


def split_key_id(name: str) -> tuple[str, int]:
    """(segment, generation) of a key id."""
    match = _KEY_ID.fullmatch(name)
    if match is None:
        raise ValueError(f"'{name}' is no key id; write SEGMENT-gNUMBER, for example lgwan-g2")
    return match["segment"], int(match["generation"])


def generations_in_use(statuses: Mapping[str, KeyStatus], segment: str) -> list[str]:
    """Keys of a segment that are neither superseded nor destroyed, oldest first; more than one while one is rotated."""
    found = [
        (split_key_id(name)[1], name)
        for name, status in statuses.items()
        if split_key_id(name)[0] == segment and not status.superseded and not status.destroyed
    ]
    return [name for _, name in sorted(found)]


def current_key(statuses: Mapping[str, KeyStatus], segment: str) -> str | None:
    """The key that tapes of a segment are written with now: its newest generation that is still in use, or None."""
    found = generations_in_use(statuses, segment)
    return found[-1] if found else None


def step_key(status: KeyStatus | None, event: KeyEvent) -> KeyStatus:
    """Return the key after an event; raise CustodyRefused where it cannot have happened."""
    name, at, details = event.key_id, event.happened_at, event.details
    people = {" ".join(each.split()) for each in event.people} - {""}
    if event.action not in KEY_ACTIONS:
        raise CustodyRefused(f"{name}: '{event.action}' is no action; known are {', '.join(KEY_ACTIONS)}")
    if len(people) < PEOPLE[event.action]:
        raise CustodyRefused(
            f"{name}: {event.action} needs {PEOPLE[event.action]} different people by name, {len(people)} given"
        )
    missing = [each for each in NEEDS[event.action] if not details.get(each, "").strip()]
    if missing:
        raise CustodyRefused(f"{name}: {event.action} needs {', '.join(missing)}")
    if event.action == "create":
        if status is not None:
            raise CustodyRefused(f"{name}: exists already; a new key is the next generation")
        return KeyStatus(name, details["fingerprint"], created_at=at, changed_at=at)
    if status is None:
        raise CustodyRefused(f"{name}: no such key is in the records; create it first")
    if status.destroyed:
        raise CustodyRefused(f"{name}: was destroyed; nothing happens to it any more")
    if at < status.changed_at:
        raise CustodyRefused(f"{name}: {event.action} lies before the last event; record events in their order")
    return _after(replace(status, changed_at=at), event)


def replay_key(events: Iterable[KeyEvent]) -> KeyStatus | None:
    """The status after all events of one key, in their order."""
    status: KeyStatus | None = None
    for event in events:
        status = step_key(status, event)
    return status


def escrow_gaps(status: KeyStatus | None, rule: KeyEscrow, sites: Iterable[Site], as_of: date) -> list[str]:
    """What is missing until the recovery of a key without the backup server is proven; empty: it is."""
    if status is None:
        return ["the key is not in the records"]
    gaps = []
    kinds = {site.id: site.kind for site in sites}
    counted = {
        sheet: site
        for sheet, site in status.sheets.items()
        if site in rule.sites and kinds.get(site) not in {"data-centre", "remote-store", None}
    }
    places = set(counted.values())
    if status.destroyed:
        gaps.append("the key was destroyed")
    if status.printed_at is None:
        gaps.append("the paper page was not printed")
    if len(places) < 2:
        gaps.append(f"its sheets lie at {len(places)} place(s) that count; two are needed")
    elif any(sum(1 for each in counted.values() if each != lost) < rule.needed for lost in places):
        gaps.append(f"when one place is lost, fewer than {rule.needed} sheets remain")
    if status.drilled_at is None:
        gaps.append("nobody has read paper and passphrase back yet (drill)")
    else:
        if status.sheets_changed_at is not None and status.drilled_at < status.sheets_changed_at:
            gaps.append("its sheets changed since the last drill")
        if status.opened_at is not None and status.drilled_at < status.opened_at:
            gaps.append("it was opened since the last drill: seal new sheets and drill them")
        if status.drilled_at.date() + relativedelta(months=rule.drill_months) < as_of:
            gaps.append(f"the last drill is more than {rule.drill_months} months ago")
    return gaps


def keys_to_keep(tapes: Iterable[TapeStatus], keys_of_tape: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Tapes that need each key: a key stays until its last tape is destroyed; a lost tape may be found again."""
    needed: dict[str, list[str]] = {}
    for status in tapes:
        if status.fate != "destroyed":
            for each in keys_of_tape.get(status.tape, ()):
                needed.setdefault(each, []).append(status.tape)
    return needed


def refuse_destruction(name: str, needed: Mapping[str, Collection[str]]) -> None:
    """Raise CustodyRefused while a tape is left that only this key reads."""
    tapes = sorted(needed.get(name, ()))
    if tapes:
        raise CustodyRefused(f"{name}: {len(tapes)} tapes still need it ({', '.join(tapes[:3])} …); destroy them first")


def _after(status: KeyStatus, event: KeyEvent) -> KeyStatus:
    at = event.happened_at
    if event.action in {"deposit", "withdraw"}:
        return replace(status, sheets=_sheets_after(status, event), sheets_changed_at=at)
    match event.action:
        case "print":
            return replace(status, printed_at=at)
        case "drill":
            return replace(status, drilled_at=at)
        case "open":
            return replace(status, opened_at=at)
        case "supersede":
            return replace(status, superseded=True)
        case _:
            return replace(status, destroyed=True)


def _sheets_after(status: KeyStatus, event: KeyEvent) -> dict[str, str]:
    sheet = event.details["sheet"]
    if event.action == "deposit":
        return {**status.sheets, sheet: event.details["site"]}
    if sheet not in status.sheets:
        raise CustodyRefused(f"{event.key_id}: sheet {sheet} is not in escrow")
    return {name: site for name, site in status.sheets.items() if name != sheet}
