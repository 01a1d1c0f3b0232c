"""The verb restore: machines back from tape, into their own place or beside it. It never deletes a living machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, CustodyRefused, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import RestoreRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import (
    NothingToRestore,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.compare import ManifestIncomplete
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import (
    Destination,
    NoDestination,
    beside,
    own_place,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import (
    RestorePlan,
    digest_of,
    duration,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedMachine
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.asking import Ask, nobody
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import Run, locked_run
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import (
    RestoreContext,
    finished,
    restore_into,
    take_away_dead,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_order import (
    RestoreOrder,
    RestoreOutcome,
    check_order,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_place import (
    clear_replaced,
    move_aside,
    place,
    wait_for_boot,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_plans import Work, came_back, restore_plans
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import RestoreFailed, source_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_unfinished import (
    continues,
    is_made_by,
    proven_before,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter, calls, live_vcenters

_FAILURES = (
    RestoreFailed,
    NothingToRestore,
    NoDestination,
    ManifestIncomplete,
    VCenterError,
    TapeError,
    CustodyRefused,
)


@dataclass
class _State:
    """What one run carries along."""

    target: Target
    prepared: Prepared
    order: RestoreOrder
    zone: ZoneInfo
    tape: TapeJobs
    ask: Ask
    results: list[Result] = field(default_factory=list)


def run_restore(
    target: Target, order: RestoreOrder, *, now: datetime | None = None, ask: Ask = nobody
) -> RestoreOutcome:
    """Restore machines one after another, or show in check mode what would be done and how long it would take.

    Raises:
        InvalidEstate, VCenterError, RecordsError, VerbRefused: nothing was touched.
    """
    started = time.monotonic()
    prepared = prepare(target, now, writes=not order.check)
    check_order(prepared, order)
    state = _State(
        target=target,
        prepared=prepared,
        order=order,
        zone=ZoneInfo(prepared.estate.platform.estate.timezone),
        tape=_tape(order),
        ask=ask,
    )
    if order.check:
        with (
            open_store(target.records_url, production=target.production, create=False) as store,
            live_vcenters(target, prepared.desired) as live,
        ):
            work = restore_plans(prepared, order, store, live)
            state.results += [_would(each) for each in work]
            return _outcome(state, work, live, started)
    with (
        locked_run(target, "restore", prepared.commit) as run,
        live_vcenters(target, prepared.desired, settled=True) as live,
    ):
        notes = list(run.notes)
        work = restore_plans(prepared, order, run.store, live)
        for vcenter in live:
            with _context(state, run, vcenter) as context:
                notes += take_away_dead(context, but=lambda record: _goes_on(record, work))
        for each in work:
            state.results.append(_restore_one(state, run, each))
        return _outcome(state, work, live, started, notes)


def _tape(order: RestoreOrder) -> TapeJobs:
    try:
        return TapeJobs(TapeSettings.read(order.tape_settings))
    except TapeError as error:
        raise VerbRefused(str(error)) from error


@contextmanager
def _context(state: _State, run: Run, live: LiveVCenter) -> Iterator[RestoreContext]:
    options = ApplyOptions(hard_power_off=state.target.create_templates)
    with TaskWaiter(live.session) as waiter:
        yield RestoreContext(
            world=World(live.session, live.observed, waiter, options),
            datacenter=live.desired.datacenter,
            tape=state.tape,
            store=run.store,
            origin=run.origin,
            ca_file=Path(live.session.endpoint.ca_file or ""),
            say=Progress().say,
        )


def _goes_on(record: RestoreRecord, work: list[Work]) -> bool:
    """Whether a machine that a dead run has proven is what this run is asked for."""
    return any(
        each.plan is not None and not each.refusal and continues(record, each.desired.key, each.plan) for each in work
    )


def _would(work: Work) -> Result:
    if work.plan is None or work.refusal:
        return _result(work, "refused", work.refusal)
    if work.plan.waits:
        return _result(work, "held", _waiting(work.plan))
    return _result(work, "changed", f"would be restored as {work.plan.name} from copy {work.plan.choice.copy.id}")


def _waiting(plan: RestorePlan) -> str:
    return "; ".join(f"{stop.tape}: {stop.todo.en}" for stop in plan.waits if stop.todo is not None)


def _restore_one(state: _State, run: Run, work: Work) -> Result:
    plan = work.plan
    if plan is None or work.refusal:
        return _result(work, "refused", work.refusal)
    if plan.waits:
        try:
            asked = _recall(state, run, plan)
        except CustodyRefused as error:
            return _result(work, "failed", str(error))
        return _result(work, "held", f"{_waiting(plan)}{asked}")
    try:
        dead = next((each for each in run.store.restores.unfinished() if _goes_on(each, [work])), None)
        placed = _placed(work, dead)
        replaced = work.living if plan.replaces and placed is None else None
        refusal = _not_given_up(state, replaced) if replaced is not None else ""
        if refusal:
            return _result(work, "refused", refusal)
        with _context(state, run, work.live) as context:
            return _carried_out(state, run, context, work, plan, dead=dead, placed=placed, replaced=replaced)
    except _FAILURES as error:
        return _result(work, "failed", message_of(error) if isinstance(error, VCenterError) else str(error))


def _placed(work: Work, dead: RestoreRecord | None) -> ObservedMachine | None:
    """The machine of this identity, where it is what a dead run has restored already."""
    if dead is None or work.living is None or not is_made_by(work.live.session, work.living, dead):
        return None
    return work.living


def _not_given_up(state: _State, living: ObservedMachine) -> str:
    """Have the name of a living machine typed; why it is not replaced, or nothing."""
    if len(state.order.names) > 1:
        return f"{living.name} is there: to replace a living machine is for one at a time, use --limit"
    typed = state.ask(
        f"{living.name} is there. It is shut down, renamed and kept, and the restored one takes its place. Type its "
        "name to go on; anything else leaves it alone"
    )
    if typed == living.name:
        return ""
    return (
        f"{living.name} is there and was not given up: nothing is overwritten before a person at a terminal has typed "
        "its name"
    )


def _carried_out(
    state: _State,
    run: Run,
    context: RestoreContext,
    work: Work,
    plan: RestorePlan,
    *,
    dead: RestoreRecord | None,
    placed: ObservedMachine | None,
    replaced: ObservedMachine | None,
) -> Result:
    began = time.monotonic()
    say, order = context.say, state.order
    say(f"{plan.name}: reads the manifest from {', '.join(plan.choice.tapes)}")
    source = source_of(context.tape, context.store, plan.choice, say=say)
    destination = _destination(state, work, source.manifest)
    restored = proven_before(context, dead, destination, placed) if dead is not None else None
    if restored is None:
        say(f"{plan.name}: {len(source.manifest.disks)} disks come from tape")
        restored = restore_into(
            context,
            source,
            destination,
            recalled=came_back(context.store, plan.choice.tapes, plan.choice.copy.taken_at),
        )
    if replaced is not None:
        # Hours may have passed with the tape: nothing living is touched by a run that has lost its lock meanwhile.
        run.lease.check()
        aside = move_aside(context, replaced, state.prepared.now)
        say(f"{plan.name}: the machine that was there is now {aside}, switched off")
    place(context, restored.reference, destination)
    if destination.identity:
        clear_replaced(context, destination)
    taken = plan.choice.copy.taken_at.astimezone(state.zone)
    text = f"restored as it was on {taken:%Y-%m-%d %H:%M}, equal to its manifest"
    if destination.power_on and order.boot_seconds > 0:
        booted = wait_for_boot(context.world, restored.reference, order.boot_seconds)
        if booted is None:
            message = f"{text}; its guest tools do not run after {order.boot_seconds:.0f} s: look at its console"
            finished(context, restored, message)
            return _result(work, "failed", message)
        text += f", booted after {duration(booted)}"
    elapsed = time.monotonic() - began
    text += f", {duration(elapsed)} (predicted {duration(plan.prediction.work_seconds)})"
    finished(context, restored, text)
    return _result(work, "changed", text)


def _destination(state: _State, work: Work, manifest: Any) -> Destination:
    order, live = state.order, work.live
    placement = Placement(live.desired.capacity_gb, live.observed.free_gb, live.desired.reserve_gb)
    keys = state.target.administrator_keys
    if order.name:
        return beside(
            manifest,
            work.desired,
            live.observed,
            placement,
            name=order.name,
            purpose="restore",
            cluster=order.cluster or None,
            port_group=order.port_group or None,
            administrator_keys=keys,
            power_on=order.power_on,
        )
    return own_place(
        manifest,
        work.desired,
        live.observed,
        placement,
        cluster=order.cluster or None,
        administrator_keys=keys,
        power_on=order.power_on and work.desired.power == "on",
    )


def _recall(state: _State, run: Run, plan: RestorePlan) -> str:
    """Ask the vault for the tapes that lie there; what to say about it."""
    wanted = [stop.tape for stop in plan.waits if stop.recall]
    if not wanted:
        return ""
    if not state.order.recall_by:
        return "; run again with -e recall_by='NAME' to ask the vault for it"
    events = [
        CustodyEvent(
            tape=tape,
            action="recall",
            happened_at=run.store.database.clock(),
            people=(state.order.recall_by,),
            evidence={"order": f"restore-{run.origin.run_id}", "reason": f"restore of {plan.machine}"},
        )
        for tape in wanted
    ]
    run.store.custody.record(events, lambda _status: Facts(), run.origin)
    return f"; {len(wanted)} tapes are recalled: they come with the next courier, then run this command again"


def _result(work: Work, status: str, message: str) -> Result:
    return Result(
        vcenter=work.live.desired.id,
        kind="machine",
        object=work.desired.key,
        label=work.desired.name,
        status=status,
        message=message,
    )


def _outcome(
    state: _State, work: list[Work], live: list[LiveVCenter], started: float, notes: Sequence[str] = ()
) -> RestoreOutcome:
    plans = [each.plan.as_value(state.zone) for each in work if each.plan is not None]
    text = [line for each in work if each.plan is not None for line in each.plan.text(state.zone)]
    return RestoreOutcome(
        outcome=Outcome(
            results=state.results,
            unchanged=0,
            unmanaged=(),
            digest=digest_of(plans),
            seconds=time.monotonic() - started,
            calls=calls(live),
            notes=notes,
        ),
        plans=tuple(plans),
        text=tuple(text),
    )
