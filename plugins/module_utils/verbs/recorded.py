"""A run that writes: lock, plan, approval, apply and results in the records store."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import NoRecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.lease import Lease
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import ObjectResult, Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target

# Results are written in groups: each write waits for the disk, and a group that a kill loses is seen in vCenter anyway.
_GROUP = 16


@dataclass(frozen=True, slots=True)
class Run:
    """One writing run under its lock."""

    store: Store
    lease: Lease
    origin: Origin
    notes: tuple[str, ...]


@contextmanager
def locked_run(target: Target, verb: str, commit: str) -> Iterator[Run]:
    """Open the records, lock every vCenter of the target, and report runs that died before their end.

    Raises:
        RecordsError: the store does not answer or refuses, or another run holds the lock.
    """
    run_id = uuid.uuid4().hex[:12]
    with open_store(target.records_url, production=target.production) as store:
        origin = Origin.here(run_id=run_id, commit=commit)
        resources = [f"{target.environment}/{endpoint.id}" for endpoint in target.endpoints]
        with store.locks.acquire(resources, owner=origin.actor, run_id=run_id, commit=commit) as lease:
            notes = [store.lock_scope]
            for dead in store.applies.interrupted():
                store.applies.finish(dead.id, outcome="interrupted", origin=origin)
                notes.append(
                    f"{dead.verb} of {dead.started_at:%Y-%m-%d %H:%M} UTC by {dead.actor} (run {dead.run_id}) died "
                    f"before its end; {verb} goes on from what vCenter shows"
                )
            yield Run(store, lease, origin, tuple(notes))


@contextmanager
def records_to_read(target: Target) -> Iterator[Store]:
    """Open the records for a run that writes nothing; where there are none yet, empty ones that go with it.

    Raises:
        RecordsError: the store does not answer or refuses.
    """
    with ExitStack() as stack:
        try:
            store = open_store(target.records_url, production=target.production, create=False)
        except NoRecordsError:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="kyotsu-records-")))
            store = open_store(f"sqlite:///{folder / 'records.sqlite3'}", production=False)
        yield stack.enter_context(store)


def save_plan(target: Target, plan: Plan) -> None:
    """Keep a plan in the records, so that it can be approved by its digest."""
    with open_store(target.records_url, production=target.production) as store:
        save_in(store, target, plan, Origin.here(run_id=uuid.uuid4().hex[:12], commit=plan.commit))


def save_in(store: Store, target: Target, plan: Plan, origin: Origin) -> None:
    """Keep a plan in an open store."""
    store.plans.save(
        plan.digest, kind=plan.kind, environment=target.environment, document=plan.document(), origin=origin
    )


def record_emergency(run: Run, plan: Plan, reason: str, changes: Iterable[Change]) -> None:
    """Write down which changes did not wait for their window, and why, before they are made."""
    overridden = [
        {"vcenter": change.vcenter, "object": _object_name(change.kind, change.object), "field": change.field}
        for change in changes
        if change.risk != "none"
    ]
    if overridden:
        run.store.chain.append("emergency", plan.digest, {"reason": reason, "changes": overridden}, run.origin)


class Recorder:
    """Writes the results of one apply as they come, and its end. vCenters report side by side: it locks itself."""

    def __init__(self, run: Run, target: Target, verb: str, plan: Plan) -> None:
        """Start the apply: from here on a run that dies is found by the next one."""
        self._run = run
        self._guard = threading.Lock()
        self._waiting: list[ObjectResult] = []
        save_in(run.store, target, plan, run.origin)
        self._apply_id = run.store.applies.start(plan.digest, verb=verb, origin=run.origin)

    def begin(self, changes: Iterable[Change]) -> None:
        """Say which objects this apply is about to change."""
        objects = {(change.vcenter, _object_name(change.kind, change.object)) for change in changes}
        rows = [ObjectResult(vcenter=vcenter, object=name, state="started") for vcenter, name in sorted(objects)]
        self._run.store.applies.record(self._apply_id, rows)

    def add(self, result: Result) -> None:
        """Record one result.

        Raises:
            RecordsError: the lock is lost or the store is gone; the apply must stop.
        """
        row = ObjectResult(
            vcenter=result.vcenter,
            object=_object_name(result.kind, result.object),
            state="failed" if result.status == "failed" else "done",
            changed=result.status == "changed",
            message=result.message,
        )
        with self._guard:
            # With each object and not only with each group: minutes pass between two that are cloned.
            self._run.lease.check()
            self._waiting.append(row)
            if len(self._waiting) >= _GROUP:
                self._flush()

    def finish(self, *, failed: bool) -> None:
        """Write what is left and the end."""
        with self._guard:
            self._flush()
            self._run.store.applies.finish(
                self._apply_id, outcome="failed" if failed else "succeeded", origin=self._run.origin
            )

    def _flush(self) -> None:
        self._run.lease.check()
        self._run.store.applies.record(self._apply_id, self._waiting)
        self._waiting = []


def _object_name(kind: str, name: str) -> str:
    """How an object is called in the records: machines by their key, everything else with its kind."""
    return name if kind == "machine" else f"{kind}:{name}"
