"""What the tasks that ran in a guest gave, as Ansible registers it, in values that can be judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import GuestFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one task came out on one machine."""

    reachable: bool = True
    error: str = ""  # empty: it succeeded
    ready: bool = True  # False: somebody has to put the guest right before it can be patched
    facts: GuestFacts | None = None  # as far as it was looked at
    healthy: bool | None = None  # None: nobody asked
    health: str = ""
    upgrades: tuple[str, ...] = ()  # packages that an upgrade would change, or changed
    kept_back: tuple[str, ...] = ()  # packages that have something newer which apt does not take

    @property
    def succeeded(self) -> bool:
        """Whether the task did what it was to do."""
        return self.reachable and not self.error


def answer_of(registered: Mapping[str, Any] | None) -> Answer | None:
    """From what a task registered; None where it did not run on the machine."""
    if not registered or registered.get("skipped"):
        return None
    if registered.get("unreachable"):
        return Answer(reachable=False, error=_line(registered.get("msg")) or "it does not answer")
    health = registered.get("health")
    return Answer(
        error=(_line(registered.get("msg")) or "the task failed") if registered.get("failed") else "",
        ready=bool(registered.get("ready", True)),
        facts=_facts(registered.get("guest")),
        healthy=None if health is None else health["code"] == 0,
        health="" if health is None else _line(health["text"]),
        upgrades=tuple(_package(each) for each in registered.get("upgrades") or ()),
        kept_back=tuple(registered.get("kept_back") or ()),
    )


def _facts(guest: Mapping[str, Any] | None) -> GuestFacts | None:
    if guest is None:
        return None
    return GuestFacts(
        packages=dict(guest["packages"]),
        sources=dict(guest["sources"]),
        kernel=guest["kernel"],
        services=tuple(guest["services"]),
        boot_id=guest["boot_id"],
        restart_needed=bool(guest["restart_needed"]),
    )


def _line(text: object) -> str:
    return " ".join(str(text or "").split())[:2000]


def _package(upgrade: object) -> str:
    """Debian's steps have versions, those of Windows are titles."""
    return str(upgrade["package"]) if isinstance(upgrade, Mapping) else str(upgrade)
