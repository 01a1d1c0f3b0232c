"""What all steps of one run share: the estate, the records, the vCenters as they are now, and where papers go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import Candidate
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.last_copy import LastCopies
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case, RetirementEvent
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import Evidence, Step
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine, ObservedVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter

SHUTDOWN_SECONDS = 300.0


class Worlds:
    """The vCenters of a run, read again when something was changed."""

    def __init__(self, target: Target, live: list[LiveVCenter]) -> None:
        self._target = target
        self._live = {each.desired.id: each for each in live}
        self._observed = {each.desired.id: each.observed for each in live}

    def read_again(self) -> None:
        """What is shown from now on is what the vCenters say now."""
        for name, live in self._live.items():
            self._observed[name] = read_vcenter(
                live.session, live.desired.datacenter, cache_directory=self._target.cache_directory
            )

    def observed(self) -> Mapping[str, ObservedVCenter]:
        """Everything that was read last, by vCenter."""
        return self._observed

    def machine(self, candidate: Candidate) -> ObservedMachine | None:
        """The machine by its instance UUID, never by its name."""
        uuid = candidate.desired.instance_uuid
        found = [each for each in self._observed[candidate.vcenter].machines if each.instance_uuid == uuid]
        return found[0] if len(found) == 1 else None

    def live(self, vcenter: str) -> LiveVCenter:
        """Session and description of one vCenter."""
        return self._live[vcenter]

    @contextmanager
    def changing(self) -> Iterator[Mapping[str, World]]:
        """A World per vCenter to change machines in; afterwards everything is read again."""
        options = ApplyOptions(hard_power_off=not self._target.production)
        with ExitStack() as stack:
            yield {
                name: World(live.session, self._observed[name], stack.enter_context(TaskWaiter(live.session)), options)
                for name, live in self._live.items()
            }
        self.read_again()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One run. `run_id` and the like are in `origin`; `now` is the moment by which it judges."""

    target: Target
    prepared: Prepared
    store: Store
    origin: Origin
    worlds: Worlds
    copies: LastCopies
    reports: Path
    services: Mapping[str, Any] | None = None
    approval: Path | None = None
    check: bool = False
    still_ours: Callable[[], None] = lambda: None  # raises when the lock was lost; asked before anything is changed
    cases: dict[str, Case] = field(default_factory=dict)

    @property
    def estate(self) -> Estate:
        """The validated description."""
        return self.prepared.estate

    @property
    def now(self) -> datetime:
        """The moment of the run (aware)."""
        return self.prepared.now

    @property
    def today(self) -> date:
        """The day of the run at the data centre."""
        return self.now.astimezone(ZoneInfo(self.estate.platform.estate.timezone)).date()

    @property
    def retirements(self) -> Retirements:
        """The cases in the records."""
        return Retirements(self.store.database, self.store.chain)

    def case(self, key: str) -> Case:
        """Case of a machine as the records have it, with what this run has added."""
        return self.cases.get(key, Case(machine=key))

    def event(self, key: str, step: Step, evidence: Mapping[Evidence, str]) -> RetirementEvent:
        """A step of this moment, done by who runs this."""
        return RetirementEvent(
            machine=key, step=step, happened_at=self.now, by=self.origin.actor, evidence=dict(evidence)
        )

    def done(self, key: str, step: Step, evidence: Mapping[Evidence, str]) -> None:
        """Record a step once, and go on from the case after it."""
        self.done_together([key], step, evidence)

    def done_together(self, keys: Sequence[str], step: Step, evidence: Mapping[Evidence, str]) -> None:
        """Record a step of several machines, all or none: where one paper is about all of them."""
        events = [self.event(key, step, evidence) for key in keys]
        self.cases.update(zip(keys, self.retirements.record(events, self.origin), strict=True))
