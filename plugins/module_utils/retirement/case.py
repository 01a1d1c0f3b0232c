"""How far one machine is on its way out, from its events alone. Pure.

`advance` applies the closed table; guards say what else a step needs. The records keep the events, each in the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import (
    ENDS,
    STEPS,
    TABLE,
    Evidence,
    Step,
)


class RetirementRefused(Exception):
    """A step is not allowed; the message is one line per reason and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementEvent:
    """One step done with one machine (by its permanent key). `happened_at` is aware; `by` did it."""

    machine: str
    step: Step
    happened_at: datetime
    by: str
    evidence: Mapping[Evidence, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One machine's way out. `done` holds the event of each step since the case began; an ended case is empty."""

    machine: str
    done: Mapping[Step, RetirementEvent] = field(default_factory=dict)
    changed_at: datetime | None = None

    def at(self, step: Step) -> datetime | None:
        """When a step was done, or None."""
        event = self.done.get(step)
        return event.happened_at if event else None

    @property
    def last(self) -> Step | None:
        """The furthest step, in the order of the table."""
        return next((step for step in reversed(STEPS) if step in self.done), None)

    @property
    def is_deleted(self) -> bool:
        """Whether the machine is gone: nothing before can be undone any more."""
        return "delete" in self.done


def advance(case: Case, event: RetirementEvent) -> Case:
    """The case after an event. Raises RetirementRefused where the closed table does not allow it."""
    rule = TABLE.get(event.step)
    if rule is None:
        raise RetirementRefused(f"{event.machine}: '{event.step}' is no step; known are {', '.join(STEPS)}")
    if event.machine != case.machine:
        raise RetirementRefused(f"{event.machine}: the case is that of {case.machine}")
    if case.changed_at is not None and event.happened_at < case.changed_at:
        raise RetirementRefused(
            f"{event.machine}: {event.step} at {event.happened_at.isoformat()} lies before the last step "
            f"({case.changed_at.isoformat()}); record steps in their order"
        )
    if event.step in case.done:
        raise RetirementRefused(f"{event.machine}: {event.step} is done already ({case.at(event.step)})")
    missing = [step for step in STEPS if step in rule.after and step not in case.done]
    if missing:
        raise RetirementRefused(f"{event.machine}: {event.step} comes after {', '.join(missing)}; do that first")
    too_late = [step for step in STEPS if step in rule.before and step in case.done]
    if too_late:
        raise RetirementRefused(f"{event.machine}: {event.step} is not possible any more after {', '.join(too_late)}")
    lacking = [name for name in rule.evidence if not event.evidence.get(name, "").strip()]
    if lacking:
        raise RetirementRefused(f"{event.machine}: {event.step} needs evidence: {', '.join(lacking)}")
    if event.step in ENDS:
        return Case(machine=case.machine, changed_at=event.happened_at)
    return replace(case, done={**case.done, event.step: event}, changed_at=event.happened_at)


def replay(machine: str, events: Iterable[RetirementEvent]) -> Case:
    """The case of a machine after all its events, in their order."""
    case = Case(machine=machine)
    for event in events:
        case = advance(case, event)
    return case
