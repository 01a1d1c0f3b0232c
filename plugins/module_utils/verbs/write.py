"""How a verb writes: lock, read, compare, gate, approval, apply, record. Check mode stops after the gate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Refusal, Result, Unmanaged
from ansible_collections.kyotsu.platform.plugins.module_utils.gate import Gate, Gated
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, read_plan_document
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_approved import plan_of_document, remaining_changes
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import summary_line
from ansible_collections.kyotsu.platform.plugins.module_utils.prerequisites import split_by_prerequisites
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs import results
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.counting import count_unchanged
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import (
    MACHINES,
    Selection,
    part_of,
    plan_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter, calls, live_vcenters


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A plan, what of it this verb may do now, and everything that is refused."""

    plan: Plan
    gated: Gated
    refusals: tuple[Refusal, ...]
    unmanaged: tuple[Unmanaged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a verb is asked to do."""

    verb: str
    selection: Selection
    check: bool
    plan_file: Path | None = None
    emergency: str | None = None
    approval: Path | None = None  # a signed file


def run_order(target: Target, prepared: Prepared, order: Order) -> Outcome:
    """Carry out an order, or show in check mode what it would do."""
    started = time.monotonic()
    if order.check:
        with live_vcenters(target, prepared.desired) as live:
            decision = _decide(target, prepared, order, live)
            return _outcome(order, decision, live, results.would_change(decision.gated.passed), started=started)

    from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import (
        Recorder,
        locked_run,
        record_emergency,
    )

    # The lock comes before the reading: what was read cannot move under us by another run of ours.
    with (
        locked_run(target, order.verb, prepared.commit) as run,
        live_vcenters(target, prepared.desired, settled=True) as live,
    ):
        decision = _decide(target, prepared, order, live)
        applied: list[Result] = []
        approved: tuple[str, ...] = ()
        if decision.gated.passed:
            from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.approved import require_approval

            approved = require_approval(
                run,
                target,
                prepared,
                decision.plan,
                decision.gated.passed,
                file=order.approval,
                emergency=order.emergency,
            )
            # Only the writing path pays for what imports and threads cost.
            from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.apply import (
                apply_changes,
                clock_since,
            )

            if order.emergency:
                record_emergency(run, decision.plan, order.emergency, decision.gated.passed)
            recorder = Recorder(run, target, order.verb, decision.plan)
            applied = apply_changes(
                target,
                live,
                decision.gated.passed,
                recorder,
                start_before=decision.gated.start_before,
                clock=clock_since(prepared.now, started),
            )
            recorder.finish(failed=any(result.status == "failed" for result in applied))
        notes = (*run.notes, *approved, *_emergency_note(order))
        return _outcome(order, decision, live, applied, started=started, notes=notes)


def _decide(target: Target, prepared: Prepared, order: Order, live: list[LiveVCenter]) -> Decision:
    approved = _read_plan(order.plan_file) if order.plan_file else None
    selection = order.selection
    if approved is not None:
        # A plan of everything serves foundation and provision; each does its part of it.
        selection = replace(selection, part=approved.part)
    today = plan_of(target, prepared, live, selection)
    left = today.changes
    if approved is not None:
        try:
            left = remaining_changes(approved, today)
        except ValueError as error:
            raise VerbRefused(
                f"plan file {order.plan_file} is not what would be done now: {error}. Nothing was changed; write the "
                "plan again and have it approved"
            ) from error
    changes = [change for change in left if part_of(change.kind) == order.selection.part]
    there = [item for each in live for item in each.observed.items]
    missing: tuple[Refusal, ...] = ()
    if order.selection.part == MACHINES:
        changes_kept, missing = split_by_prerequisites(changes, there)
        changes = list(changes_kept)
    gated = Gate(prepared.estate, prepared.now, emergency=order.emergency).decide(changes)
    Progress().say(f"{order.verb}: {summary_line(today, gated.held)}")
    return Decision(
        # What is approved and recorded is the plan that a person saw, though part of it may be done already.
        plan=approved or today,
        gated=gated,
        refusals=(*today.refusals, *missing),
        unmanaged=today.unmanaged,
    )


def _read_plan(file: Path) -> Plan:
    try:
        return plan_of_document(read_plan_document(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise VerbRefused(f"plan file {file}: {error.strerror}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise VerbRefused(f"plan file {file}: {error}") from error


def _emergency_note(order: Order) -> Sequence[str]:
    return (f"emergency: windows and freezes did not hold, reason: {order.emergency}",) if order.emergency else ()


def _outcome(
    order: Order,
    decision: Decision,
    live: list[LiveVCenter],
    done: Sequence[Result],
    *,
    started: float,
    notes: Sequence[str] = (),
) -> Outcome:
    shown = [*done, *results.held(decision.gated.held), *results.refused(decision.refusals)]
    return Outcome(
        results=shown,
        unchanged=count_unchanged(shown, live, order.selection),
        unmanaged=decision.unmanaged,
        digest=decision.plan.digest,
        seconds=time.monotonic() - started,
        calls=calls(live),
        plan_file=str(order.plan_file) if order.plan_file else None,
        notes=notes,
    )
