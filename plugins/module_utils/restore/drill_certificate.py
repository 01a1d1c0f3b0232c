"""The certificate of a drill: what was restored from which tape, what was proven, and by whom it was agreed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DrilledMachine:
    """One machine of a drill. Times in seconds, sizes in bytes; `problems` empty: passed."""

    machine: str  # permanent key
    name: str
    copy_id: int
    taken_at: str  # ISO, of the copy
    tapes: tuple[str, ...]
    manifest_digest: str
    size_bytes: int
    stream_seconds: float
    boot_seconds: float | None
    seconds: float
    predicted_seconds: float
    stopped: tuple[str, ...]
    tried: tuple[str, ...]
    reached: tuple[str, ...]
    health: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One drill of one system. `closed`: no physical card on its network, read from vCenter before the first boot."""

    number: str
    system: str
    system_name: str
    owner: str
    environment: str
    began_at: datetime
    ended_at: datetime
    approval: str  # number of the signed file, "" where the environment asks for none
    approved_by: tuple[str, ...]
    executor: str
    network: str
    closed: bool
    torn_down: bool
    rto_hours: int
    machines: tuple[DrilledMachine, ...]
    not_covered: tuple[str, ...]  # machines of the system whose copies do not go to the vault
    commit: str

    @property
    def passed(self) -> bool:
        """Every machine was restored, closed in, healthy, and nothing is left of it."""
        return self.closed and self.torn_down and bool(self.machines) and not self.problems

    @property
    def problems(self) -> list[str]:
        """What was not as it should be."""
        found = [f"{each.name}: {text}" for each in self.machines for text in each.problems]
        if not self.closed:
            found.append("the network was not proven to be closed")
        if not self.torn_down:
            found.append("what the drill has made is not all gone")
        return found

    @property
    def seconds(self) -> float:
        """From the first tape to the last health check."""
        return (self.ended_at - self.began_at).total_seconds()

    def as_value(self) -> dict[str, Any]:
        """The certificate as JSON values; what the chain of records keeps."""
        value = asdict(self) | {"passed": self.passed, "problems": self.problems, "format": 1}
        value["began_at"] = self.began_at.isoformat(timespec="seconds")
        value["ended_at"] = self.ended_at.isoformat(timespec="seconds")
        return {name: _plain(item) for name, item in value.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return round(value, 2) if isinstance(value, float) else value
