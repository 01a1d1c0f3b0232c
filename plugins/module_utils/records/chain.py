"""The append-only, hash-chained list of everything that proves something.

Triggers stop UPDATE and DELETE, but an administrator of the database can drop a trigger. Therefore each entry holds
the hash of the one before, `verify` reads them all, and the head is printed on paper and tapes outside of the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import (
    canonical_json,
    checked_keys,
    checked_line,
    sha256_of_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ChainBrokenError,
    InvalidRecordError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.guard import refuse_secrets
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import (
    Anchor,
    Entry,
    Origin,
    Verification,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.verification import Verifier

START = Anchor(0, "0" * 64)
_KIND = re.compile(r"[a-z][a-z0-9-]{0,63}")
_BATCH_ROWS = 1000


def entry_hash(entry: Entry) -> str:
    """Return the SHA-256 over the canonical JSON of everything in the entry but its hash."""
    content = {
        "id": entry.id,
        "recorded_at": entry.recorded_at,
        "kind": entry.kind,
        "subject": entry.subject,
        "actor": entry.actor,
        "host": entry.host,
        "run_id": entry.run_id,
        "commit": entry.commit,
        "payload": entry.payload_text,
        "previous_hash": entry.previous_hash,
    }
    return sha256_of_text(canonical_json(content))


class Chain:
    """The chain of one open store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self, kind: str, subject: str, payload: Mapping[str, Any], origin: Origin, *, at: datetime | None = None
    ) -> Entry:
        """Append one entry and return it; safe while others append.

        `kind` is a short word (plan, apply, approval, custody …), `subject` what it is about, `payload` plain JSON
        without secrets (SecretRefusedError, InvalidRecordError).
        """
        with self._database.write() as connection:
            return self.append_in(connection, kind, subject, payload, origin, at=at)

    def append_in(
        self,
        connection: sa.Connection,
        kind: str,
        subject: str,
        payload: Mapping[str, Any],
        origin: Origin,
        *,
        at: datetime | None = None,
    ) -> Entry:
        """Append inside a transaction of `Database.write`, so that a row and its proof are written both or not."""
        if not _KIND.fullmatch(kind):
            raise InvalidRecordError(f"the kind '{kind}' must be a short word of a-z, 0-9 and -")
        refuse_secrets(payload, "payload")
        previous = _head_in(connection)
        entry = Entry(
            id=previous.id + 1,
            recorded_at=clock.to_text(at or self._database.clock()),
            kind=kind,
            subject=checked_line("subject", subject),
            actor=checked_line("actor", origin.actor),
            host=checked_line("host", origin.host),
            run_id=checked_line("run_id", origin.run_id),
            commit=checked_line("commit", origin.commit),
            payload_text=canonical_json(checked_keys(payload)),
            previous_hash=previous.hash,
            hash="",
        )
        row = {name: getattr(entry, name) for name in _COLUMNS if name not in {"payload", "hash"}}
        row |= {"payload": entry.payload_text, "hash": entry_hash(entry)}
        connection.execute(sa.insert(tables.entries), row)
        return _to_entry([row[name] for name in _COLUMNS])

    def head(self) -> Anchor:
        """Return id and hash of the last entry; of an empty chain (0, 64 zeros)."""
        with self._database.read() as connection:
            return _head_in(connection)

    def get(self, entry_id: int) -> Entry | None:
        """Return one entry, or None."""
        with self._database.read() as connection:
            row = connection.execute(_SELECT.where(tables.entries.c.id == entry_id)).one_or_none()
            return _to_entry(row) if row else None

    def entries(
        self,
        *,
        kind: str | None = None,
        subject: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Entry]:
        """Return entries in their order, or the newest first; `limit` counts from that side."""
        query = _SELECT.order_by(tables.entries.c.id.desc() if newest_first else tables.entries.c.id)
        if kind is not None:
            query = query.where(tables.entries.c.kind == kind)
        if subject is not None:
            query = query.where(tables.entries.c.subject == subject)
        with self._database.read() as connection:
            return [_to_entry(row) for row in connection.execute(query.limit(limit))]

    def proven(self, *, kind: str, subject: str) -> list[Entry]:
        """Return entries whose own hash is right; raise ChainBrokenError for one that was changed.

        For decisions that rest on few entries (an approval); `verify` reads the whole chain.
        """
        found = self.entries(kind=kind, subject=subject)
        for entry in found:
            require_proven(entry)
        return found

    def verify(self, anchor: tuple[int, str] | None = None, *more: tuple[int, str]) -> Verification:
        """Read the whole chain and say what was changed, removed, reordered or inserted.

        With anchors (from a work order, a tape, git) it also says what was truncated or rewritten. Memory does not
        grow with the chain.
        """
        anchors = [Anchor(*each) for each in (anchor, *more) if each is not None]
        verifier = Verifier(entry_hash, anchors, START)
        for entry in self._stream():
            verifier.read(entry)
        return verifier.finish()

    def _stream(self) -> Iterator[Entry]:
        with self._database.read() as connection:
            query = _SELECT.order_by(tables.entries.c.id).execution_options(yield_per=_BATCH_ROWS)
            for row in connection.execute(query):
                yield _to_entry(row)


def require_proven(entry: Entry) -> None:
    """Raise ChainBrokenError if the entry does not have the hash that its content gives."""
    try:
        right = entry_hash(entry) == entry.hash
    except InvalidRecordError:
        right = False
    if not right:
        raise ChainBrokenError(
            f"entry {entry.id} ({entry.kind}) was changed after it was written; nothing may rest on it: "
            "run `scripts/records.py verify` and tell the person in charge of the records"
        )


_COLUMNS = tuple(column.name for column in tables.entries.columns)
_SELECT = sa.select(*tables.entries.columns)


def _to_entry(row: Sequence[Any]) -> Entry:
    return Entry(*row)


def _head_in(connection: sa.Connection) -> Anchor:
    columns = tables.entries.c
    row = connection.execute(sa.select(columns.id, columns.hash).order_by(columns.id.desc()).limit(1)).one_or_none()
    return Anchor(row[0], row[1]) if row else START
