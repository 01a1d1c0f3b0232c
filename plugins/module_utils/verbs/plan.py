"""The verb plan: what differs, shown to a person and written for a machine; it makes no writing call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.gate import Gate, Gated
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, plan_file_text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import plan_text, summary_line
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs import results
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.counting import count_unchanged
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import EVERYTHING, Selection, plan_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare, scope_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import calls, live_vcenters

SUFFIXES = (".txt", ".json", ".html")


def run_plan(
    target: Target,
    *,
    names: Sequence[str] | None = None,
    output: Path | None = None,
    part: str = EVERYTHING,
    now: datetime | None = None,
) -> Outcome:
    """Compare and report.

    `output` is written as text, JSON or HTML by its suffix; a JSON plan is also kept in the records, so that it can be
    approved by its digest.

    Raises:
        VerbRefused: `output` has another suffix, or a name is unknown. Also what live_vcenters and prepare raise.
    """
    started = time.monotonic()
    if output is not None and output.suffix not in SUFFIXES:
        raise VerbRefused(f"output {output.name}: the suffix says the form, one of {', '.join(SUFFIXES)}")
    prepared = prepare(target, now)
    selection = Selection(part=part, names=scope_of(prepared, names))
    with live_vcenters(target, prepared.desired) as live:
        plan = plan_of(target, prepared, live, selection)
        gated = Gate(prepared.estate, prepared.now).decide(plan.changes)
        shown = [*results.would_change(gated.passed), *results.held(gated.held), *results.refused(plan.refusals)]
        if output is not None:
            _write(target, prepared, plan, gated, output)
        Progress().say(f"plan: {summary_line(plan, gated.held)}")
        return Outcome(
            results=shown,
            unchanged=count_unchanged(shown, live, selection),
            unmanaged=plan.unmanaged,
            digest=plan.digest,
            seconds=time.monotonic() - started,
            calls=calls(live),
            plan_file=str(output) if output else None,
        )


def _write(target: Target, prepared: Prepared, plan: Plan, gated: Gated, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.suffix == ".json":
        from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.recorded import save_plan

        save_plan(target, plan)
        text = plan_file_text(plan)
    elif output.suffix == ".html":
        from ansible_collections.kyotsu.platform.plugins.module_utils.plan_html import plan_html

        template = (target.repository / "roles" / "plan" / "templates" / "plan.html.j2").read_text(encoding="utf-8")
        text = plan_html(template, plan, gated.held, prepared.estate.platform.estate, prepared.now)
    else:
        text = plan_text(plan, gated.held)
    output.write_text(text, encoding="utf-8")
