"""What the vault is asked to do: one step, for whom, with what evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused

Step = Literal[
    "order",
    "copy",
    "register",
    "take-out",
    "hand-over",
    "arrive",
    "recall",
    "leave-vault",
    "come-home",
    "insert",
    "expire",
    "erase",
    "destroy",
    "damage",
    "clear",
    "retire",
    "undelivered",
    "turn-back",
    "lose",
    "find",
]
STEPS: tuple[Step, ...] = get_args(Step)
# Steps that rest on what somebody scanned.
SCANNED: frozenset[Step] = frozenset({"take-out", "hand-over", "arrive", "leave-vault", "come-home"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultRequest:
    """One step. Paths are of the controller; `names`: hosts that a limit left (None: all); times are aware.

    `day`: courier day of the order (None: the next one, for a scan the last one that was ordered). `at`: when it
    happened, if not now. `seals`: new seal by case, where somebody has chosen them before the order is printed.
    """

    repository: Path
    environment: str
    production: bool
    records_url: str = field(repr=False)
    tape_settings: Path
    scratch: Path
    reports: Path
    step: Step = "order"
    cache_directory: Path | None = None
    names: Sequence[str] | None = None
    now: datetime | None = None
    at: datetime | None = None
    day: date | None = None
    people: tuple[str, ...] = ()
    tapes: tuple[str, ...] = ()
    pool: str = ""
    scan: Path | None = None
    seals: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    certificate: str = ""
    document: str = ""  # number of a manifest, receipt or order, where it is not that of the order
    media_seconds: float = 900.0  # how long a copy or read-back may wait for a tape or drive
    check: bool = False

    def require(self, **given: object) -> None:
        """Raise VerbRefused naming the first option that the step needs and was not given."""
        for name, value in given.items():
            if not value:
                raise VerbRefused(f"step {self.step} needs {name}: {_HOW[name]}")


_HOW = {
    "tapes": """write -e '{"tapes": ["KYT001L8"]}'""",
    "people": """write -e '{"people": ["山田 太郎", "鈴木 花子"]}', those who did it""",
    "scan": "write -e scan=FILE, what the hand scanner typed or a CSV file with tape,case,seal",
    "reason": "write -e 'reason=…'",
    "certificate": "write -e certificate=NUMBER, that of the certificate of destruction",
    "pool": "write -e pool=ID, a pool of media_pools in platform/backup.yml",
}
