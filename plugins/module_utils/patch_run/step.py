"""What every step of a run has at hand: the run and its machines from the records, and sessions to change vCenter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import Answer, answer_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.settings import Settings
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, PatchRun, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session, connect
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.unfinished import wait_for_unfinished
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one run over the machines of one batch."""

    target: Target
    settings: Settings
    store: Store
    run: PatchRun
    machines: Mapping[str, PatchMachine]  # name -> machine, of this step
    origin: Origin

    @property
    def open(self) -> list[PatchMachine]:
        """Machines of this step that are not finished, by name."""
        return [each for _, each in sorted(self.machines.items()) if each.phase is not Phase.CLOSED]

    def say(self, text: str) -> None:
        """Show one line to whoever waits."""
        Progress().say(f"patch: {text}")

    def by_vcenter(
        self, machines: Sequence[PatchMachine], work: Callable[[Session, Sequence[PatchMachine]], list[T]]
    ) -> list[T]:
        """Work on the machines of each vCenter in one session, under its lock, side by side. In no particular order."""
        groups: dict[str, list[PatchMachine]] = {}
        for each in machines:
            groups.setdefault(each.vcenter, []).append(each)
        if not groups:
            return []
        endpoints = {endpoint.id: endpoint for endpoint in self.target.endpoints}
        resources = [f"{self.target.environment}/{vcenter}" for vcenter in sorted(groups)]
        with (
            self.store.locks.acquire(
                resources, owner=self.origin.actor, run_id=self.run.run_id, commit=self.run.commit
            ),
            ExitStack() as stack,
            ThreadPoolExecutor(len(groups)) as pool,
        ):
            sessions = {vcenter: stack.enter_context(connect(endpoints[vcenter])) for vcenter in sorted(groups)}
            for session in sessions.values() if self.run.resumed_from else ():
                wait_for_unfinished(session, self.say)  # what the attempt that died has asked for
            parts = [pool.submit(work, sessions[vcenter], groups[vcenter]) for vcenter in sorted(groups)]
            return [one for part in parts for one in part.result()]


@contextmanager
def step(target: Target, settings: Settings, run_id: str, names: Iterable[str] | None) -> Iterator[Step]:
    """Open the records for one step over machines by name; None is all of the run.

    Raises:
        RecordsError: the store does not answer, or there is no such run.
        VerbRefused: a machine is none of this run.
    """
    with open_store(target.records_url, production=target.production, create=False) as store:
        run = store.patches.run(run_id)
        by_name = {each.outcome.name: each for each in store.patches.machines(run_id).values()}
        wanted = list(by_name if names is None else names)
        unknown = sorted(set(wanted) - set(by_name))
        if unknown:
            raise VerbRefused(f"not in patch run {run_id}: {', '.join(unknown)}")
        origin = Origin.here(run_id=run_id, commit=run.commit)
        yield Step(target, settings, store, run, {name: by_name[name] for name in wanted}, origin)


def answers_from(answers: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Answer]:
    """The answers of the guests by name; those where the task did not run are left out."""
    found = {name: answer_of(registered) for name, registered in answers.items()}
    return {name: answer for name, answer in found.items() if answer is not None}


def now() -> datetime:
    """The present: what was done is dated by the clock, whatever time a run was told."""
    return datetime.now(UTC)
