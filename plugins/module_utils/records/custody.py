"""The chain of custody of tapes. It lives in the chain alone, so that a row written past it moves no tape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import (
    FUTURE_TOLERANCE,
    CustodyEvent,
    CustodyRefused,
    Facts,
    TapeStatus,
    admit,
    step,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, copy_tables, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import checked_line
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain, require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry, Origin

KIND = "custody"
FactsOf = Callable[[TapeStatus], Facts]


@dataclass(frozen=True)
class Custodian:
    """One line of a tape's history: what happened, what it was afterwards, and the entry that proves it."""

    event: CustodyEvent
    status: TapeStatus
    entry: Entry


class Custody:
    """The custody of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def record(self, events: Sequence[CustodyEvent], facts: FactsOf, origin: Origin) -> list[TapeStatus]:
        """Record events, all or none, and return the status of each tape after its event.

        `facts` says what the policy knows of a tape (custody.facts). Raises CustodyRefused where the closed table, the
        policy or another tape at the same position forbids it, ChainBrokenError where the history was tampered with.
        """
        now = self._database.clock()
        done: list[TapeStatus] = []
        with self._database.write() as connection:
            present = self._statuses_in(connection)
            for event in events:
                checked_line("tape", event.tape, longest=32)
                if event.happened_at > now + FUTURE_TOLERANCE:
                    raise CustodyRefused(f"{event.tape}: {event.action} lies in the future; correct the time")
                after = admit(present, event, facts)
                self._chain.append_in(connection, KIND, event.tape, _payload(event, after), origin, at=now)
                if event.action in {"erase", "destroy"}:
                    _release(connection, event.tape, clock.to_text(event.happened_at))
                present[event.tape] = after
                done.append(after)
        return done

    def statuses(self, tapes: Iterable[str] | None = None, *, as_of: datetime | None = None) -> dict[str, TapeStatus]:
        """Status of every tape (or of some), by barcode, at a moment (default: after all events)."""
        with self._database.read() as connection:
            return self._statuses_in(connection, tapes, as_of)

    def place_of(self, tape: str, as_of: datetime | None = None) -> TapeStatus | None:
        """Where a tape is or was at a moment; None if it was not registered then."""
        return self.statuses([tape], as_of=as_of).get(tape)

    def history(self, tape: str) -> list[Custodian]:
        """Everything that happened to a tape, oldest first."""
        found: list[Custodian] = []
        for entry in self._chain.proven(kind=KIND, subject=tape):
            event = _event(entry)
            found.append(Custodian(event, step(found[-1].status if found else None, event), entry))
        return found

    def _statuses_in(
        self, connection: sa.Connection, tapes: Iterable[str] | None = None, as_of: datetime | None = None
    ) -> dict[str, TapeStatus]:
        found: dict[str, TapeStatus] = {}
        for entry in _entries(connection, tapes):
            event = _event(entry)
            if as_of is not None and event.happened_at > as_of:
                continue
            try:
                found[event.tape] = step(found.get(event.tape), event)
            except CustodyRefused as error:
                # Each entry is as it was written, so others are missing or in another order.
                raise ChainBrokenError(
                    f"entry {entry.id} does not follow from the ones before ({error}): run `scripts/tape.py verify`"
                ) from None
        return found


def _entries(connection: sa.Connection, tapes: Iterable[str] | None) -> Iterable[Entry]:
    columns = tables.entries.c
    query = sa.select(*columns).where(columns.kind == KIND).order_by(columns.id)
    if tapes is None:
        rows: list[Any] = list(connection.execute(query))
    else:
        names = sorted(set(tapes))
        rows = []
        for start in range(0, len(names), 500):  # below every limit of bound values
            rows += connection.execute(query.where(columns.subject.in_(names[start : start + 500])))
    for row in rows:
        entry = Entry(*row)
        require_proven(entry)
        yield entry


def _payload(event: CustodyEvent, after: TapeStatus) -> dict[str, Any]:
    return {
        "action": event.action,
        "happened_at": clock.to_text(event.happened_at),
        "people": list(event.people),
        "evidence": dict(event.evidence),
        "state": after.state,
        "place": after.place,
    }


def _event(entry: Entry) -> CustodyEvent:
    payload = json.loads(entry.payload_text)
    return CustodyEvent(
        tape=entry.subject,
        action=payload["action"],
        happened_at=clock.from_text(payload["happened_at"]),
        people=tuple(payload["people"]),
        evidence=payload["evidence"],
    )


def _release(connection: sa.Connection, tape: str, moment: str) -> None:
    """What was on an overwritten or destroyed tape is gone; a copy that spanned several tapes is gone as a whole."""
    on_tape = sa.select(copy_tables.copy_tapes.c.copy_id).where(copy_tables.copy_tapes.c.tape == tape)
    columns = copy_tables.copies.c
    connection.execute(
        sa.update(copy_tables.copies)
        .where(columns.id.in_(on_tape), columns.released_at.is_(None))
        .values(released_at=moment)
    )
