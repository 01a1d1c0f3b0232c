"""Cases of retirement: which step was done with which machine, when, by whom, on what evidence.

They live in the chain alone, as the custody of tapes does, so that a row written past it deletes no machine. Before a
step changes anything its intent is written (`begin`), with what can be seen only before: a run that was killed in the
middle goes on from there, and `undo` finds how the machine was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import checked_line
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain, require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry, Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import (
    Case,
    RetirementEvent,
    RetirementRefused,
    advance,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import ENDS, Step

KIND = "retirement"
INTENT = "retirement-intent"


class Retirements:
    """The cases of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def record(self, events: Sequence[RetirementEvent], origin: Origin) -> list[Case]:
        """Record steps that were done, all or none; give each machine's case after its step.

        RetirementRefused: the closed table does not allow one of them; a step that is done already is never recorded
        a second time.
        """
        now = self._database.clock()
        done: list[Case] = []
        with self._database.write() as connection:
            cases = self._cases_in(connection)
            for event in events:
                checked_line("machine", event.machine)
                after = advance(cases.get(event.machine, Case(machine=event.machine)), event)
                self._chain.append_in(connection, KIND, event.machine, _payload(event), origin, at=now)
                cases[event.machine] = after
                done.append(after)
        return done

    def begin(self, event: RetirementEvent, origin: Origin) -> RetirementEvent:
        """Write down what a step is about to do, and give the intent that counts: the first since the case moved on."""
        with self._database.write() as connection:
            known = _open_intent(self._history_in(connection, event.machine), event.step)
            if known is not None:
                return known
            checked_line("machine", event.machine)
            advance(self._cases_in(connection).get(event.machine, Case(machine=event.machine)), event)
            self._chain.append_in(connection, INTENT, event.machine, _payload(event), origin, at=self._database.clock())
        return event

    def renew(self, event: RetirementEvent, origin: Origin) -> None:
        """As begin, but this intent takes the place of one that nothing came of: from now on it is the one that counts.

        For a deletion: what is deleted is what is permitted now, not what was when an earlier run stopped.
        """
        with self._database.write() as connection:
            checked_line("machine", event.machine)
            advance(self._cases_in(connection).get(event.machine, Case(machine=event.machine)), event)
            payload = _payload(event) | {"renews": True}
            self._chain.append_in(connection, INTENT, event.machine, payload, origin, at=self._database.clock())

    def begun(self, machine: str, step: Step) -> RetirementEvent | None:
        """The intent of a step that was begun and not recorded as done since; None if there is none."""
        with self._database.read() as connection:
            return _open_intent(self._history_in(connection, machine), step)

    def cases(self) -> dict[str, Case]:
        """The case of every machine that has one, by its permanent key."""
        with self._database.read() as connection:
            return self._cases_in(connection)

    def case(self, machine: str) -> Case:
        """The case of one machine; an empty one if nothing was ever recorded of it."""
        return self.cases().get(machine, Case(machine=machine))

    def history(self, machine: str) -> list[tuple[RetirementEvent, Entry]]:
        """Every step of a machine, oldest first, those of ended cases too, each with the entry that proves it."""
        with self._database.read() as connection:
            found = self._history_in(connection, machine)
        return [(_event(entry), entry) for entry in found if entry.kind == KIND]

    def documents(self, step: Step) -> frozenset[tuple[str, str]]:
        """Machine and hash of every document that this step has left, of ended cases too."""
        with self._database.read() as connection:
            events = [_event(entry) for entry in _entries(connection, (KIND,))]
        return frozenset((each.machine, each.evidence.get("record_hash", "")) for each in events if each.step == step)

    def _cases_in(self, connection: sa.Connection) -> dict[str, Case]:
        found: dict[str, Case] = {}
        for entry in _entries(connection, (KIND,)):
            event = _event(entry)
            try:
                found[event.machine] = advance(found.get(event.machine, Case(machine=event.machine)), event)
            except RetirementRefused as error:
                # Each entry is as it was written, so others are missing or in another order.
                raise ChainBrokenError(
                    f"entry {entry.id} does not follow from the ones before ({error}): run `scripts/records.py verify`"
                ) from None
        return found

    @staticmethod
    def _history_in(connection: sa.Connection, machine: str) -> list[Entry]:
        return list(_entries(connection, (KIND, INTENT), machine))


def _open_intent(history: Iterable[Entry], step: Step) -> RetirementEvent | None:
    """The first intent of a step since that step was recorded or the case ended."""
    found: RetirementEvent | None = None
    for entry in history:
        event = _event(entry)
        if entry.kind == KIND and event.step in {step, *ENDS}:
            found = None
        elif entry.kind == INTENT and event.step == step and (found is None or _renews(entry)):
            found = event
    return found


def _renews(entry: Entry) -> bool:
    return bool(json.loads(entry.payload_text).get("renews"))


def _entries(connection: sa.Connection, kinds: Sequence[str], machine: str | None = None) -> Iterable[Entry]:
    columns = tables.entries.c
    query = sa.select(*columns).where(columns.kind.in_(kinds)).order_by(columns.id)
    if machine is not None:
        query = query.where(columns.subject == machine)
    for row in list(connection.execute(query)):
        entry = Entry(*row)
        require_proven(entry)
        yield entry


def _payload(event: RetirementEvent) -> dict[str, Any]:
    return {
        "step": event.step,
        "happened_at": clock.to_text(event.happened_at),
        "by": event.by,
        "evidence": dict(event.evidence),
    }


def _event(entry: Entry) -> RetirementEvent:
    payload = json.loads(entry.payload_text)
    return RetirementEvent(
        machine=entry.subject,
        step=cast("Step", payload["step"]),
        happened_at=clock.from_text(payload["happened_at"]),
        by=payload["by"],
        evidence=payload["evidence"],
    )
