"""Why no run has begun with a machine: what the schedules of the rounds say of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Placed, Schedule, Unplaced

# A machine that is planned or gone is nobody's debt; one on its way out still serves.
_SERVING = frozenset({"in-service", "retiring"})
_NOTHING = Text(ja="計画にも実施記録にもない", en="neither in a plan nor in a run")
_UNANSWERED = Text(ja="予定あり（適用可否の回答待ち）", en="has a time, but the owner has not answered")
_PASSED = Text(ja="予定の日時を過ぎたが実施記録がない", en="its time has passed and no run has begun with it")
_PLANNED = Text(ja="予定あり", en="has a time")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """A machine that no run of the month has begun with. `when`: its time or the next; `overdue`: someone must look."""

    key: str
    name: str
    reason: Text
    when: datetime | None
    overdue: bool


class Plans:
    """What the schedules say, as it is known on a day."""

    def __init__(self, schedules: Sequence[Schedule], as_of: date, timezone: str) -> None:
        """`schedules` in the order of their rounds: of two, the newer one is believed."""
        self._as_of, self._zone = as_of, ZoneInfo(timezone)
        self._said: dict[str, Placed | Unplaced] = {}
        for schedule in schedules:
            self._said.update({each.key: each for each in schedule.placed})
            self._said.update({each.key: each for each in schedule.unplaced})

    def not_run(self, system: System, begun: Collection[str]) -> Iterator[NotRun]:
        """Machines of a system that serve and that no run has begun with; `begun` are keys."""
        for machine in system.machines:
            if machine.key not in begun and status_of(system, machine) in _SERVING:
                yield self._one(machine)

    def _one(self, machine: Machine) -> NotRun:
        said = self._said.get(machine.key)
        when, overdue = None, True
        if said is None:
            reason = _NOTHING
        elif isinstance(said, Unplaced):
            reason = Text(
                ja="、".join(each.text.ja for each in said.reasons), en="; ".join(each.text.en for each in said.reasons)
            )
            when, overdue = said.next_slot, False
        else:
            when, overdue = said.start, said.end.astimezone(self._zone).date() < self._as_of
            reason = _UNANSWERED if not said.answered else _PASSED if overdue else _PLANNED
        return NotRun(key=machine.key, name=machine.name, reason=reason, when=when, overdue=overdue)
