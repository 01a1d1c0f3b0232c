"""How a machine was before its quarantine, so that it can be brought back. Pure values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A user or group that must not switch the machine on while it is in quarantine."""

    principal: str
    group: bool
    # Id of the role that it has on the machine itself, which the lock takes the place of; None: only what is inherited.
    role: int | None = None
    propagate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How a machine was. `connected`: device keys of the interfaces that connect when it is switched on."""

    power: str  # "on" | "off"
    connected: tuple[int, ...]
    folder: str
    lock: tuple[Locked, ...]
