"""Drift: where the live vCenters differ from the repository, sorted by what it means. Pure.

It is the plan of an unchanged repository, told as deviations: a machine on a port group of another segment first, for
that is a hole between the segments; what is only untidy last. Rules that only a
live vCenter can break (K-03, snapshots) are checked beside the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.overdue import Standing
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import change_text
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_words import change_japanese
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.catalogue import LIVE_CHECKS, LiveCheck
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.snapshots import SnapshotLimits
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredMachine,
    DesiredNic,
    DesiredVCenter,
    ObservedMachine,
    ObservedNic,
    ObservedVCenter,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.words import POWER

BREACH = "segment-breach"
# From what must be looked at tonight to what is only untidy: the order of every report.
CATEGORIES = {
    BREACH: Text(en="Segment breach", ja="ネットワーク系統の逸脱"),
    "port-group": Text(en="Wrong port group", ja="ポートグループ相違"),
    "disconnected": Text(en="Disconnected interface", ja="ネットワーク切断"),
    "power": Text(en="Power state", ja="電源状態の相違"),
    "missing": Text(en="Missing", ja="存在しない"),
    "changed": Text(en="Changed", ja="設定の相違"),
    "snapshot": Text(en="Old snapshot or long chain", ja="古い・多段のスナップショット"),
    "unmanaged": Text(en="Unmanaged", ja="管理対象外"),
}
_THERE = ("in-service", "retiring")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing that is not as described.

    `system` is "" for the foundation and for what nobody described; `rule` is that of platform/policy.yml which it
    breaks, "" where only the description does not match.
    """

    category: str
    vcenter: str
    kind: str
    label: str
    system: str
    text: Text
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """All deviations, the gravest first, and what they were found against."""

    environment: str
    commit: str
    looked_at: datetime
    scope: tuple[str, ...] | None
    machines: int  # that are described and should be there
    deviations: tuple[Deviation, ...]
    digest: str  # of the plan that would mend it
    policy: tuple[Finding, ...] = ()  # what the rules say of the repository itself: soon over, still to be confirmed
    overdue: tuple[Standing, ...] = ()  # emergency runs whose term for an approval is over
    unread: str = ""  # why the records could not be asked for them

    @property
    def counts(self) -> dict[str, int]:
        """Number of deviations by category, zeros included, in the order of CATEGORIES."""
        counted = Counter(each.category for each in self.deviations)
        return {category: counted[category] for category in CATEGORIES}


def drift_report(
    estate: Estate,
    plan: Plan,
    pairs: Sequence[tuple[DesiredVCenter, ObservedVCenter]],
    limits: SnapshotLimits,
    now: datetime,
    *,
    checks: Mapping[str, tuple[LiveCheck, ...]] = LIVE_CHECKS,
    policy: Sequence[Finding] = (),
    emergencies: Sequence[Standing] = (),
    unread: str = "",
) -> DriftReport:
    """Sort what a plan of the unchanged repository holds, and run the rules that only a vCenter can break.

    `now` is aware; `pairs` are the sides of each vCenter.
    """
    today = f"{now.astimezone(ZoneInfo(estate.platform.estate.timezone)):%Y-%m-%d}"
    excepted = {(each.rule, each.object) for each in estate.platform.exceptions if each.expires >= today}
    names = None if plan.scope is None else frozenset(plan.scope)
    deviations = [
        deviation
        for desired, observed in pairs
        for deviation in _Drift(estate, plan, desired, observed, excepted).deviations(checks, limits, now)
    ]
    order = {category: place for place, category in enumerate(CATEGORIES)}
    return DriftReport(
        environment=plan.environment,
        commit=plan.commit,
        looked_at=now,
        scope=plan.scope,
        machines=sum(
            machine.status in _THERE and (names is None or machine.name in names)
            for desired, _ in pairs
            for machine in desired.machines
        ),
        deviations=tuple(sorted(deviations, key=lambda each: (order[each.category], each.vcenter, each.label))),
        digest=plan.digest,
        policy=tuple(policy),
        overdue=tuple(each for each in emergencies if each.state == "overdue"),
        unread=unread,
    )


class _Drift:
    """The deviations of one vCenter."""

    def __init__(
        self,
        estate: Estate,
        plan: Plan,
        desired: DesiredVCenter,
        observed: ObservedVCenter,
        excepted: Collection[tuple[str, str]],
    ) -> None:
        self._plan = plan
        self._desired = desired
        self._names = None if plan.scope is None else frozenset(plan.scope)
        self._excepted = excepted
        self._observed = observed
        self._by_uuid = {machine.instance_uuid: machine for machine in observed.machines}
        self._by_key = {machine.key: machine for machine in desired.machines}
        networks = [network for network in estate.platform.networks if network.vcenter == desired.id]
        self._segments = {network.port_group: network.segment for network in networks}

    def deviations(
        self, checks: Mapping[str, tuple[LiveCheck, ...]], limits: SnapshotLimits, now: datetime
    ) -> Iterator[Deviation]:
        for machine in self._desired.machines:
            there = self._by_uuid.get(machine.instance_uuid)
            if there is not None and machine.status in _THERE and self._selected(machine.name):
                yield from self._interfaces(machine, there)
        for change in self._plan.changes:
            # Interfaces are told above, where it is seen what they mean.
            if change.vcenter == self._desired.id and not change.field.startswith(("nic:", "nic+:")):
                yield self._of_change(change)
        for refusal in self._plan.refusals:
            if refusal.vcenter == self._desired.id:
                about = self._by_key.get(refusal.object) if refusal.kind == "machine" else None
                missing = about is not None and about.instance_uuid not in self._by_uuid
                yield self._deviation(
                    "missing" if missing else "changed",
                    refusal.kind,
                    refusal.label,
                    Text(en=refusal.reason.en, ja=f"自動では是正されません: {refusal.reason.ja}"),
                    about,
                )
        yield from self._broken_rules(checks, limits, now)
        for unmanaged in self._plan.unmanaged:
            if unmanaged.vcenter == self._desired.id:
                yield self._deviation(
                    "unmanaged",
                    unmanaged.kind,
                    unmanaged.label,
                    Text(en="is there and not described", ja="リポジトリに記述がありません"),
                )

    def _selected(self, name: str) -> bool:
        return self._names is None or name in self._names

    def _deviation(
        self, category: str, kind: str, label: str, text: Text, machine: DesiredMachine | None = None
    ) -> Deviation:
        return Deviation(
            category=category,
            vcenter=self._desired.id,
            kind=kind,
            label=label,
            system=machine.system if machine else "",
            text=text,
        )

    def _of_change(self, change: Change) -> Deviation:
        machine = self._by_key.get(change.object) if change.kind == "machine" else None
        if change.action == "create":
            category, text = "missing", Text(en="is described and not there", ja="記述されていますが存在しません")
        elif (change.kind, change.field) == ("port_group", "vlan_id"):
            # All machines of the port group are in another network than they are described in.
            category = BREACH
            text = Text(
                en=f"carries VLAN {change.before}, described {change.after}",
                ja=f"VLAN {change.before} が設定されています（記述は {change.after}）",
            )
        elif change.field == "power":
            category = "power"
            text = Text(
                en=f"is {change.before}, described {change.after}",
                ja=f"電源が{POWER[change.before]}です（記述は{POWER[change.after]}）",
            )
        else:
            category = "changed"
            text = Text(en=f"to mend: {change_text(change)}", ja=f"是正内容: {change_japanese(change)}")
        return self._deviation(category, change.kind, change.label, text, machine)

    def _interfaces(self, machine: DesiredMachine, there: ObservedMachine) -> Iterator[Deviation]:
        for number, (wanted, found) in enumerate(zip_longest(machine.nics, there.nics), start=1):
            for category, text in self._interface(number, machine, wanted, found):
                yield self._deviation(category, "machine", machine.name, text, machine)

    def _interface(
        self, number: int, machine: DesiredMachine, wanted: DesiredNic | None, found: ObservedNic | None
    ) -> Iterator[tuple[str, Text]]:
        if found is None:
            assert wanted is not None  # zip_longest gives one of them
            yield (
                "changed",
                Text(
                    en=f"interface {number} on {wanted.port_group} is missing",
                    ja=f"インタフェース {number}（{wanted.port_group}）がありません",
                ),
            )
            return
        described = wanted.port_group if wanted else None
        if found.port_group != described:
            # Beyond what is described an interface is compared with the first one: a machine is in one segment.
            own = described or (machine.nics[0].port_group if machine.nics else None)
            segment = self._told(found.port_group)
            yield (
                BREACH if self._leaves(found.port_group, own) else "port-group",
                Text(
                    en=f"interface {number} is on {found.port_group}{segment}, described {described or 'nowhere'}",
                    ja=f"インタフェース {number} が {found.port_group}{segment} に接続されています"
                    f"（記述は {described or 'なし'}）",
                ),
            )
        if wanted is not None and found.mac != wanted.mac:
            yield (
                "changed",
                Text(
                    en=f"interface {number} has MAC address {found.mac}, described {wanted.mac}",
                    ja=f"インタフェース {number} の MAC アドレスが {found.mac} です（記述は {wanted.mac}）",
                ),
            )
        if not found.connected:
            yield (
                "disconnected",
                Text(
                    en=f"interface {number} on {found.port_group} is disconnected",
                    ja=f"インタフェース {number}（{found.port_group}）が切断されています",
                ),
            )

    def _leaves(self, found: str | None, described: str | None) -> bool:
        """Whether a port group leads out of the segment. One that nobody described may lead anywhere."""
        if found is None:
            return False
        if found not in self._segments or described not in self._segments:
            return True
        return self._segments[found] != self._segments[described]

    def _told(self, port_group: str | None) -> str:
        if port_group is None:
            return ""
        return f" [{self._segments.get(port_group, 'unknown') or 'management'}]"

    def _broken_rules(
        self, checks: Mapping[str, tuple[LiveCheck, ...]], limits: SnapshotLimits, now: datetime
    ) -> Iterator[Deviation]:
        described = {machine.instance_uuid: machine for machine in self._desired.machines}
        for machine in self._observed.machines:
            if not self._selected(machine.name):
                continue
            about = described.get(machine.instance_uuid)
            for rule, group in checks.items():
                if (rule, machine.name) in self._excepted or (about and (rule, about.key) in self._excepted):
                    continue
                parts = [text for check in group for text in check(machine, limits, now)]
                if parts:
                    text = Text(en="; ".join(each.en for each in parts), ja="、".join(each.ja for each in parts))
                    found = self._deviation("snapshot", "machine", machine.name, text, about)
                    yield replace(found, rule=rule)
