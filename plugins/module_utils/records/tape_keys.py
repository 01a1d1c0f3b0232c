"""What happened to the keys of tapes: made, printed, put into escrow, drilled, opened, superseded, destroyed."""

from __future__ import annotations

import json

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import KeyEvent, KeyStatus, step_key
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import FUTURE_TOLERANCE, CustodyRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain, require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry, Origin

KIND = "tape-key"


class TapeKeys:
    """The keys of one open store. Never the keys themselves: fingerprints, sheets by number, people, times."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def record(self, event: KeyEvent, origin: Origin) -> KeyStatus:
        """Record one event and return the key after it; CustodyRefused where it cannot have happened."""
        now = self._database.clock()
        if event.happened_at > now + FUTURE_TOLERANCE:
            raise CustodyRefused(f"{event.key_id}: {event.action} lies in the future; correct the time")
        with self._database.write() as connection:
            after = step_key(self.status(event.key_id), event)
            payload = {
                "action": event.action,
                "happened_at": clock.to_text(event.happened_at),
                "people": list(event.people),
                "details": dict(event.details),
            }
            self._chain.append_in(connection, KIND, event.key_id, payload, origin, at=now)
        return after

    def status(self, key_id: str) -> KeyStatus | None:
        """The key after its last event, or None."""
        status: KeyStatus | None = None
        for _, event in self.history(key_id):
            status = step_key(status, event)
        return status

    def statuses(self) -> dict[str, KeyStatus]:
        """Every key by its id."""
        found: dict[str, KeyStatus] = {}
        for entry in self._chain.entries(kind=KIND):
            require_proven(entry)
            event = _event(entry)
            found[event.key_id] = step_key(found.get(event.key_id), event)
        return found

    def history(self, key_id: str) -> list[tuple[Entry, KeyEvent]]:
        """Everything that happened to a key, oldest first, with the entries that prove it."""
        return [(entry, _event(entry)) for entry in self._chain.proven(kind=KIND, subject=key_id)]


def _event(entry: Entry) -> KeyEvent:
    payload = json.loads(entry.payload_text)
    return KeyEvent(
        key_id=entry.subject,
        action=payload["action"],
        happened_at=clock.from_text(payload["happened_at"]),
        people=tuple(payload["people"]),
        details=payload["details"],
    )
