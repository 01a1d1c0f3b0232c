"""How a verb writes: lock, read, compare, gate, approval, apply, record. Check mode stops after the gate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.gate import Gate, Gated
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, explain_difference, read_plan_document
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import summary_line
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs import results
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.counting import count_unchanged
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import Selection, plan_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter, calls, live_vcenters


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a verb is asked to do."""

    verb: str
    selection: Selection
    check: bool
    plan_file: Path | None = None
    emergency: str | None = None


def run_order(target: Target, prepared: Prepared, order: Order) -> Outcome:
    """Carry out an order, or show in check mode what it would do."""
    started = time.monotonic()
    if order.check:
        with live_vcenters(target, prepared.desired) as live:
            plan, gated = _decide(target, prepared, order, live)
            return _outcome(order, plan, gated, live, results.would_change(gated.passed), started)

    from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import (
        Recorder,
        locked_run,
        require_approval,
    )

    # The lock comes before the reading: what was read cannot move under us by another run of ours.
    with (
        locked_run(target, order.verb, prepared.commit) as run,
        live_vcenters(target, prepared.desired) as live,
    ):
        plan, gated = _decide(target, prepared, order, live)
        applied: list[Result] = []
        if gated.passed:
            require_approval(run, target, plan, prepared.now)
            # Only the writing path pays for what imports and threads cost.
            from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.apply import apply_changes

            recorder = Recorder(run, target, order.verb, plan)
            applied = apply_changes(target, live, gated.passed, recorder)
            recorder.finish(failed=any(result.status == "failed" for result in applied))
        notes = (*run.notes, *_emergency_note(order))
        return _outcome(order, plan, gated, live, applied, started, notes)


def _decide(target: Target, prepared: Prepared, order: Order, live: list[LiveVCenter]) -> tuple[Plan, Gated]:
    plan = plan_of(target, prepared, live, order.selection)
    if order.plan_file is not None:
        _require_same_plan(order.plan_file, plan)
    gated = Gate(prepared.estate, prepared.now, emergency=order.emergency).decide(plan.changes)
    Progress().say(f"{order.verb}: {summary_line(plan, gated.held)}")
    return plan, gated


def _require_same_plan(file: Path, plan: Plan) -> None:
    try:
        document = read_plan_document(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise VerbRefused(f"plan file {file}: {error.strerror}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise VerbRefused(f"plan file {file}: {error}") from error
    if document != plan.document():
        raise VerbRefused(
            f"plan file {file} is not what would be done now: {explain_difference(document, plan.document())}. Nothing "
            "was changed; write the plan again and have it approved"
        )


def _emergency_note(order: Order) -> Sequence[str]:
    return (f"emergency: windows and freezes did not hold, reason: {order.emergency}",) if order.emergency else ()


def _outcome(
    order: Order,
    plan: Plan,
    gated: Gated,
    live: list[LiveVCenter],
    done: Sequence[Result],
    started: float,
    notes: Sequence[str] = (),
) -> Outcome:
    shown = [*done, *results.held(gated.held), *results.refused(plan.refusals)]
    return Outcome(
        results=shown,
        unchanged=count_unchanged(shown, live, order.selection),
        unmanaged=plan.unmanaged,
        digest=plan.digest,
        seconds=time.monotonic() - started,
        calls=calls(live),
        plan_file=str(order.plan_file) if order.plan_file else None,
        notes=notes,
    )
