"""What is asked of the verb decommission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ORDERS = ("advance", "undo", "certify", "media")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What proves a treatment: the contractor's certificate as paper and as lines, the asset list, the witness."""

    assets: Path | None = None
    certificate: Path | None = None
    certificate_lines: Path | None = None
    witness: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for. `names` None: everything that retires; `now` None: the present."""

    order: str
    reports: Path
    names: Sequence[str] | None = None
    check: bool = False
    now: datetime | None = None
    approval: Path | None = None
    reason: str = ""
    services: Mapping[str, Any] | None = None
    tape_settings: Path | None = None
    scratch: Path | None = None
    erasure: Erasure = Erasure()
