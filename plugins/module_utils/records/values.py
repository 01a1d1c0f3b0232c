"""What the records store takes and gives: small frozen values. All times are UTC."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError

Outcome = Literal["succeeded", "failed", "interrupted"]
ResultState = Literal["started", "done", "failed"]


class Anchor(NamedTuple):
    """The head of the chain at one moment, to be printed or kept outside of the database."""

    id: int
    hash: str

    def __str__(self) -> str:
        """Return the form that people copy: ID:HASH."""
        return f"{self.id}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Read ID:HASH; raise InvalidRecordError for anything else."""
        number, _, digest = text.strip().partition(":")
        digest = digest.lower()
        if not (number.isascii() and number.isdigit() and len(digest) == 64 and set(digest) <= set("0123456789abcdef")):
            raise InvalidRecordError(f"'{text}' is not an anchor; write it as ID:HASH with 64 hexadecimal digits")
        return cls(int(number), digest)


@dataclass(frozen=True)
class Origin:
    """Where a record comes from: person, controller, run and commit (empty where there is none)."""

    actor: str
    host: str
    run_id: str
    commit: str

    @classmethod
    def here(cls, *, run_id: str, commit: str = "") -> Origin:
        """Return the origin of this process: the person at the terminal, also behind sudo."""
        return cls(actor=current_actor(), host=socket.gethostname(), run_id=run_id, commit=commit)


def current_actor() -> str:
    """Return the login name; behind sudo the name of the person who called it, for root is nobody."""
    caller = os.environ.get("SUDO_USER", "")
    return caller if caller and os.geteuid() == 0 else getpass.getuser()


@dataclass(frozen=True)
class Entry:
    """One entry of the chain; `payload_text` is what was hashed."""

    id: int
    recorded_at: str
    kind: str
    subject: str
    actor: str
    host: str
    run_id: str
    commit: str
    payload_text: str
    previous_hash: str
    hash: str

    @property
    def anchor(self) -> Anchor:
        """Return the anchor that this entry was when it was the head."""
        return Anchor(self.id, self.hash)


@dataclass(frozen=True)
class Problem:
    """One finding of a verification: what happened to which entry."""

    entry_id: int
    what: Literal["changed", "removed", "reordered", "inserted", "truncated", "rewritten"]
    message: str


@dataclass(frozen=True)
class Verification:
    """The result of reading the whole chain."""

    checked: int
    head: Anchor
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Say whether nothing was found."""
        return not self.problems


@dataclass(frozen=True)
class Plan:
    """A saved plan; `document` is the plan file as data."""

    digest: str
    kind: str
    commit: str
    environment: str
    document: Mapping[str, Any]
    saved_at: datetime
    entry_id: int


@dataclass(frozen=True)
class Approval:
    """A valid statement of one person about one plan."""

    digest: str
    who: str
    role: str
    approved_at: datetime
    until: datetime
    note: str
    entry_id: int
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Apply:
    """One run that changes things by a plan; `outcome` and `finished_at` are None while it runs."""

    id: int
    plan_digest: str
    verb: str
    actor: str
    host: str
    pid: int
    run_id: str
    commit: str
    started_at: datetime
    finished_at: datetime | None
    outcome: Outcome | None


@dataclass(frozen=True)
class ObjectResult:
    """What an apply did with one object (a machine, a port group) of one vCenter."""

    vcenter: str
    object: str
    state: ResultState
    changed: bool = False
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True)
class Holder:
    """Who holds the lock of one resource."""

    resource: str
    owner: str
    host: str
    pid: int
    run_id: str
    acquired_at: datetime
    heartbeat_at: datetime
    expires_at: datetime
