"""The review of a change: two commits' data compared offline. Pure; where the data comes from is scripts/review.py's.

The plan in it is made as a live plan is, with the state "as if the base had been applied" in place of vCenters. Its
kind is another one, so no verb applies it and no approval of it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.applied import as_applied
from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS, Change, Refusal
from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding, count
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import Checked
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, patching_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan, make_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.review_effects import (
    ClusterEffect,
    StorageEffect,
    TapeEffect,
    cluster_effects,
    storage_effects,
    tape_effects,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.review_findings import (
    FindingsDifference,
    compare_findings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.review_machines import machines_by_key
from ansible_collections.kyotsu.platform.plugins.module_utils.review_platform import platform_lines
from ansible_collections.kyotsu.platform.plugins.module_utils.review_systems import Sides, SystemReview, system_reviews
from ansible_collections.kyotsu.platform.plugins.module_utils.review_words import Line
from ansible_collections.kyotsu.platform.plugins.module_utils.rules import catalogue
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredVCenter, ObservedVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import next_window

# The kind of an offline plan; provision and foundation take plan.LIVE only.
REVIEW = "review"


@dataclass(frozen=True)
class Side:
    """The data of one commit and what validation says of it."""

    commit: str
    checked: Checked

    @property
    def sound(self) -> bool:
        """Whether the data can be planned with."""
        return self.checked.estate is not None and count(self.checked.findings)[0] == 0

    @property
    def files(self) -> dict[str, str]:
        """File of each system by its id."""
        context = self.checked.context
        if context is None:
            return {}
        pairs = zip(context.estate.systems, context.system_documents, strict=True)
        return {system.id: document.file for system, document in pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowNeed:
    """A window that changes wait for, how many objects wait, and when it opens next (None: not within 400 days)."""

    window: str
    name: Text
    objects: tuple[str, ...]
    opens: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Everything that a reviewer should know. `plan` is None where one side cannot be planned with."""

    base: str
    head: str
    base_sound: bool
    systems: tuple[SystemReview, ...] = ()
    platform: tuple[Line, ...] = ()
    clusters: tuple[ClusterEffect, ...] = ()
    storage: tuple[StorageEffect, ...] = ()
    tape: tuple[TapeEffect, ...] = ()
    windows: tuple[WindowNeed, ...] = ()
    findings: FindingsDifference = field(
        default_factory=lambda: FindingsDifference(broken=(), satisfied=(), standing=())
    )
    plan: Plan | None = None

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What the change describes and no verb does."""
        return self.plan.refusals if self.plan else ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Errors of the new data, new and old."""
        found = (*self.findings.broken, *self.findings.standing)
        return tuple(each for each in found if each.severity == "error")

    @property
    def ok(self) -> bool:
        """Whether the change may be merged as far as a machine can tell."""
        return not (self.errors or self.refusals)

    @property
    def risk(self) -> str:
        """The greatest risk of all changes."""
        return max((each.risk for each in (self.plan.changes if self.plan else ())), key=RISKS.index, default="none")


def review(before: Side, after: Side, as_of: date) -> Review:
    """Compare two commits' data on a day. A side without a readable platform leaves only the findings to tell."""
    old, new = before.checked.estate, after.checked.estate
    findings = after.checked.findings
    if old is None or new is None:
        return Review(
            base=before.commit,
            head=after.commit,
            base_sound=before.sound,
            findings=compare_findings(before.checked.findings, findings),
        )
    if after.checked.context is not None:
        findings = (*findings, *catalogue.run_change(old, after.checked.context))
    plan = _plan(old, new, after.commit) if before.sound and after.sound else None
    sides = Sides(old, new, before.files, after.files, plan.changes if plan else ())
    return Review(
        base=before.commit,
        head=after.commit,
        base_sound=before.sound,
        systems=system_reviews(sides),
        platform=tuple(platform_lines(old, new, sides.changes)),
        clusters=cluster_effects(old, new),
        storage=storage_effects(old, new),
        tape=tape_effects(old, new),
        windows=_windows(new, sides.changes, as_of) if plan else (),
        findings=compare_findings(before.checked.findings, findings),
        plan=plan,
    )


def _plan(before: Estate, after: Estate, commit: str) -> Plan:
    """What applying the new description would do, had the old one been applied everywhere."""
    desired = desired_state(after, {})
    applied = {each.id: each for each in _applied(before, after, desired)}
    observed = [applied.get(each.id) or _nothing(each) for each in desired]
    comparisons = [
        compare_vcenter(
            each,
            there,
            elsewhere={
                machine.instance_uuid: other.id
                for other in applied.values()
                if other.id != each.id
                for machine in other.machines
            },
        )
        for each, there in zip(desired, observed, strict=True)
    ]
    plan = make_plan(
        environment="offline",
        commit=commit,
        part="everything",
        scope=None,
        observed=observed,
        comparisons=comparisons,
    )
    return replace(plan, kind=REVIEW)


def _applied(before: Estate, after: Estate, desired: Sequence[DesiredVCenter]) -> list[ObservedVCenter]:
    """The base as applied, with the storage that the new description has.

    A machine that goes from retiring to retired has been decommissioned: that is what the change records.
    """
    now = machines_by_key(after)
    gone = {
        key
        for key, machine in machines_by_key(before).items()
        if machine.status == "retiring" and key in now and now[key].status == "retired"
    }
    capacity = {each.id: each.capacity_gb for each in desired}
    return [as_applied(each, capacity_gb=capacity.get(each.id), gone=gone) for each in desired_state(before, {})]


def _nothing(desired: DesiredVCenter) -> ObservedVCenter:
    """A vCenter that is new in this change."""
    return as_applied(replace(desired, items=(), machines=()))


def _windows(estate: Estate, changes: Sequence[Change], as_of: date) -> tuple[WindowNeed, ...]:
    """Which windows the interrupting changes wait for."""
    platform = estate.platform
    patching = {machine.key: patching_of(system, machine) for system, machine in estate.machines()}
    everybody = tuple(freeze.id for freeze in platform.freezes if freeze.everybody)
    waiting: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    for change in changes:
        if change.risk == "none":
            continue
        of_machine = patching.get(change.object) if change.kind == "machine" else None
        window = of_machine.window if of_machine else platform.estate.maintenance_window
        freezes = (of_machine.freezes if of_machine else ()) + everybody
        waiting.setdefault((window, freezes), {})[change.label] = None
    windows = {each.id: each for each in platform.windows}
    freezes_by_id = {each.id: each for each in platform.freezes}
    morning = datetime.combine(as_of, time(), tzinfo=ZoneInfo(platform.estate.timezone))
    return tuple(
        WindowNeed(
            window=window,
            name=windows[window].name,
            objects=tuple(labels),
            opens=next_window(
                windows[window], morning, platform.estate.timezone, [freezes_by_id[each] for each in freezes]
            ),
        )
        for (window, freezes), labels in waiting.items()
    )
