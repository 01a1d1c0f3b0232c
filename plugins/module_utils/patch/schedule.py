"""What the planner gives: a time for each machine, or all the reasons why it has none. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """適用可否: what an owner said of one content snapshot for one system. `applies` false means not patched."""

    applies: bool
    by: str
    answered_on: date
    reason: str = ""
    everything: bool = False  # also upgrades that remove packages (dist-upgrade); default: security updates only
    hold: tuple[str, ...] = ()  # packages that stay as they are
    exclude: tuple[str, ...] = ()  # machines (by key) that are left out of this round


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One machine with its time. `start` and `end` are aware; `opens` and `closes` are those of its window."""

    key: str
    name: str
    system: str
    wave: str
    window: str
    cluster: str
    start: datetime
    end: datetime
    opens: datetime
    closes: datetime
    answered: bool  # whether the owner has said that it applies; a draft also plans without
    busy: Text | None = None  # the busy season of its system in which this lies, because the round has no other time


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a time did not serve. `code` is for machines, the text for people."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """One machine without a time in this round: why, and when it could be next (None: not within 400 days)."""

    key: str
    name: str
    system: str
    wave: str
    window: str
    reasons: tuple[Reason, ...]
    next_slot: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One round of updates. `start` is the update day's midnight, `end` that of the first day after the round."""

    start: datetime
    end: datetime
    placed: tuple[Placed, ...]  # by time, then by name
    unplaced: tuple[Unplaced, ...]  # in the order of the estate

    def by_system(self) -> Mapping[str, tuple[Placed, ...]]:
        """Placed machines of each system, in the order of their times."""
        found: dict[str, list[Placed]] = {}
        for each in self.placed:
            found.setdefault(each.system, []).append(each)
        return {system: tuple(several) for system, several in found.items()}
