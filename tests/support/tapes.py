"""Tapes, copies and keys for tests: real values, each changed by keyword."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import KeyAction, KeyEvent
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts, TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import Action, Evidence
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Site
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import (
    CopyRetention,
    KeyEscrow,
    MediaPool,
    TransportCase,
)

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 10:00 in Japan
USUAL = CopyRetention(id="usual", daily=5, weekly=5, monthly=13, yearly=7, basis="assumed")
RULES = {"tape-daily-offsite": USUAL}
ESCROW = KeyEscrow(sheets=4, needed=2, sites=("tokyo-office", "annex"), drill_months=12, basis="assumed")
SITES = (
    Site(id="data-centre", kind="data-centre", name="", name_en="", basis="assumed"),
    Site(id="remote-store", kind="remote-store", name="", name_en="", basis="assumed"),
    Site(id="tokyo-office", kind="office", name="", name_en="", basis="assumed"),
    Site(id="annex", kind="machine-room", name="", name_en="", basis="assumed"),
)
CASES = (
    TransportCase(id="CASE-LG-01", segment="lgwan", tapes=2, basis="assumed"),
    TransportCase(id="CASE-MN-01", segment="mynumber", tapes=20, basis="assumed"),
)
OFFSITE = "lgwan-c3-offsite"
ONSITE = "lgwan-c3-onsite"
BOTH = ("山田 太郎", "鈴木 花子")
FREE = Facts()
EVIDENCE: dict[Evidence, str] = {
    "pool": OFFSITE,
    "library": "library-1",
    "order": "WO-20261124-01",
    "manifest": "MF-20261124-01",
    "receipt": "RC-20261124-01",
    "case": "CASE-LG-01",
    "seal": "SEAL-0001",
    "job": "job 12",
    "certificate": "CERT-7",
    "reason": "test",
}
# From the library to the vault and back, as a tape usually goes.
TO_VAULT: tuple[Action, ...] = ("close", "eject", "take-out", "hand-to-courier", "arrive")
HOME: tuple[Action, ...] = ("leave-vault", "come-home", "insert", "take-in")


def make_pool(pool: str = OFFSITE, **fields: Any) -> MediaPool:
    """A pool of lgwan, off site, confidentiality 3."""
    usual: dict[str, Any] = {
        "id": pool,
        "name": Text(ja="プール", en="pool"),
        "segment": "lgwan",
        "offsite": True,
        "confidentiality": ("3A", "3B", "3C"),
        "medium": "lto-8",
        "tapes": 10,
        "at_end": "erase",
        "basis": "assumed",
    }
    return MediaPool(**{**usual, **fields})


def event(action: Action, at: datetime = START, *, tape: str = "KYT001L8", **evidence: str) -> CustodyEvent:
    """An event with two people and everything that it asks for; `evidence` changes it."""
    position = {"position": evidence.pop("position", "1")}
    return CustodyEvent(tape, action, at, BOTH, {**EVIDENCE, **position, **evidence})  # type: ignore[dict-item]


def registered(tape: str = "KYT001L8", position: str = "1", **evidence: str) -> CustodyEvent:
    """The event by which a tape comes into the ledger."""
    return event("register", tape=tape, position=position, **evidence)


def make_status(tape: str = "KYT001L8", **fields: Any) -> TapeStatus:
    """A full tape in slot 1."""
    usual: dict[str, Any] = {
        "tape": tape,
        "pool": OFFSITE,
        "library": "library-1",
        "state": "full",
        "place": "slot",
        "position": "1",
        "since": START,
        "changed_at": START,
        "people": BOTH,
    }
    return TapeStatus(**{**usual, **fields})


def make_copy(number: int, taken_at: datetime = START, **fields: Any) -> Copy:
    """A copy of one machine that was read back an hour after it was made."""
    usual: dict[str, Any] = {
        "id": number,
        "restore_point": number,
        "machine": "s05-db-1",
        "system": "s05",
        "backup_class": "tape-daily-offsite",
        "taken_at": taken_at,
        "pool": ONSITE,
        "offsite": False,
        "tapes": ("KYT001L8",),
        "size_bytes": 40 * 2**30,
        "key_id": "lgwan-g1",
        "read_back_at": taken_at + timedelta(hours=1),
        "read_back_ok": True,
    }
    return Copy(**{**usual, **fields})


def key_event(action: KeyAction, at: datetime = START, **details: str) -> KeyEvent:
    """An event of lgwan-g1 with two people and everything that it asks for."""
    usual = {
        "fingerprint": "SHA256:x",
        "parts": "3",
        "sheet": "1",
        "site": "tokyo-office",
        "sheets": "1 3",
        "reason": "x",
    }
    return KeyEvent("lgwan-g1", action, at, BOTH, {**usual, **details})


def proven_key(at: datetime = START) -> list[KeyEvent]:
    """What makes the escrow of a key proven: printed, two sheets at each of two places, drilled."""
    return [
        key_event("create", at),
        key_event("print", at),
        *(
            key_event("deposit", at, sheet=str(number), site=site)
            for number, site in enumerate(("tokyo-office", "tokyo-office", "annex", "annex"), 1)
        ),
        key_event("drill", at),
    ]
