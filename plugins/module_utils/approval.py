"""Approval of a change by people: who asked, who agreed, who carries it out, until when. Pure.

An approval is a file, approvals/CHG-….yml, and one detached signature per approver beside it. The file says what is
approved (the digest of a live plan); the signatures say by whom; approvals/approvers.yml says who may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

# Nobody asks for, agrees to and carries out one of these alone.
SEPARATED = ("outage", "data", "destroy")
PLAN, EMERGENCY = "plan", "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may ask for, approve or carry out changes. Days are ISO, both included."""

    id: str
    name: str
    name_en: str
    organisation: str  # 所属
    roles: tuple[str, ...]  # requester | platform | owner | executor
    valid_from: str
    basis: str
    login: str | None = None  # on the controller; who carries out needs one
    public_key: str | None = None  # SSH, as in authorized_keys without a comment; who approves needs one
    valid_to: str | None = None

    def valid_on(self, day: str) -> bool:
        """Whether the person holds the post on an ISO day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """approvals/approvers.yml."""

    emergency_working_days: int
    holidays: tuple[str, ...]
    people: tuple[Person, ...]

    def person(self, identity: str) -> Person | None:
        """A person by id."""
        return next((each for each in self.people if each.id == identity), None)

    def by_login(self, login: str) -> Person | None:
        """The person who logs in under a name."""
        return next((each for each in self.people if each.login == login), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """When the change may be made, both with offset."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One file approvals/CHG-….yml. Times are ISO with offset."""

    change: str
    kind: str  # plan: before the change; emergency: afterwards
    environment: str
    digest: str  # of the live plan
    risk: str
    systems: tuple[str, ...]  # whose service the change interrupts
    reason: str
    requester: str
    approvers: tuple[str, ...]
    executors: tuple[str, ...]
    approved_at: str
    valid_from: str
    valid_until: str
    window: TimeWindow | None = None
    run_id: str | None = None  # emergency: the run that it approves


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What of a plan an approval must fit. `owners` maps each interrupted system to the units that may agree for it."""

    digest: str
    environment: str
    risk: str
    owners: Mapping[str, tuple[str, ...]]


def problems(
    approval: Approval,
    approvers: Approvers,
    facts: PlanFacts,
    signed_by: Collection[str],
    now: datetime,
    *,
    actor: str | None = None,
) -> Iterator[Text]:
    """Why an approval does not count; nothing if it does. `now` is aware; `actor` is the login of the executor."""
    yield from _subject(approval, facts)
    yield from _times(approval, now)
    yield from _people(approval, approvers, now)
    yield from _signatures(approval, approvers, facts, signed_by)
    yield from _separation(approval, facts)
    if actor is not None:
        yield from _actor(approval, approvers, facts, actor, now)


def _subject(approval: Approval, facts: PlanFacts) -> Iterator[Text]:
    if approval.digest != facts.digest:
        yield Text(
            en=f"it approves the plan {approval.digest[:12]}…, this is {facts.digest[:12]}…: write the plan again and "
            "have it approved",
            ja=f"承認対象は計画 {approval.digest[:12]}… ですが、今回は {facts.digest[:12]}… です。"
            "計画を作り直して承認を受けてください",
        )
    if approval.environment != facts.environment:
        yield Text(
            en=f"it is for {approval.environment}, this is {facts.environment}",
            ja=f"{approval.environment} に対する承認です（今回は {facts.environment}）",
        )
    if RISKS.index(approval.risk) < RISKS.index(facts.risk):
        yield Text(
            en=f"it approves risk {approval.risk}, the plan has {facts.risk}",
            ja=f"承認された影響は {approval.risk} ですが、計画の影響は {facts.risk} です",
        )
    missing = sorted(set(facts.owners) - set(approval.systems))
    if missing:
        yield Text(
            en=f"it does not name {', '.join(missing)}, which the plan interrupts",
            ja=f"計画が停止させる {', '.join(missing)} が記載されていません",
        )


def _times(approval: Approval, now: datetime) -> Iterator[Text]:
    start, end = datetime.fromisoformat(approval.valid_from), datetime.fromisoformat(approval.valid_until)
    if end <= start:
        yield Text(en="its term ends before it begins", ja="有効期間の終わりが始めより前です")
    if approval.kind == EMERGENCY:
        return  # it looks back
    if not start <= now < end:
        yield Text(
            en=f"it counts from {approval.valid_from} until {approval.valid_until}",
            ja=f"有効期間は {approval.valid_from} から {approval.valid_until} までです",
        )
    if approval.window is not None:
        begin, finish = datetime.fromisoformat(approval.window.start), datetime.fromisoformat(approval.window.end)
        if not begin <= now < finish:
            yield Text(
                en=f"its window is {approval.window.start} to {approval.window.end}",
                ja=f"作業時間帯は {approval.window.start} から {approval.window.end} までです",
            )


def _people(approval: Approval, approvers: Approvers, now: datetime) -> Iterator[Text]:
    """Everybody named holds the post on the day of the approval and now, and has the role that it takes."""
    # By the local days that the file itself is written in.
    approved = datetime.fromisoformat(approval.approved_at)
    days = {approved.date().isoformat(), now.astimezone(approved.tzinfo).date().isoformat()}
    for identity, roles in (
        (approval.requester, {"requester"}),
        *((each, {"platform", "owner"}) for each in approval.approvers),
        *((each, {"executor"}) for each in approval.executors),
    ):
        person = approvers.person(identity)
        if person is None:
            yield Text(en=f"{identity} is not in approvers.yml", ja=f"{identity} は approvers.yml にありません")
            continue
        for day in sorted(days):
            if not person.valid_on(day):
                yield Text(
                    en=f"{identity} does not hold the post on {day}", ja=f"{identity} は {day} に在任していません"
                )
        if not roles & set(person.roles):
            names = " or ".join(sorted(roles))
            yield Text(en=f"{identity} has not the role {names}", ja=f"{identity} に役割 {names} がありません")


def _signatures(
    approval: Approval, approvers: Approvers, facts: PlanFacts, signed_by: Collection[str]
) -> Iterator[Text]:
    """All approvers sign; one of them for the platform, and one of each unit whose system stops."""
    unsigned = sorted(set(approval.approvers) - set(signed_by))
    if unsigned:
        yield Text(
            en=f"no valid signature of {', '.join(unsigned)} (scripts/approve.py sign)",
            ja=f"{', '.join(unsigned)} の有効な署名がありません（scripts/approve.py sign）",
        )
    signers = [
        person for each in approval.approvers if each in signed_by and (person := approvers.person(each)) is not None
    ]
    if not any("platform" in person.roles for person in signers):
        yield Text(en="nobody signed for the platform", ja="基盤管理者の署名がありません")
    for system, units in sorted(facts.owners.items()):
        if not any("owner" in person.roles and person.organisation in units for person in signers):
            yield Text(
                en=f"{system} is interrupted and nobody of its owner ({units[0]}) signed",
                ja=f"{system} を停止しますが、所管（{units[0]}）の署名がありません",
            )


def _separation(approval: Approval, facts: PlanFacts) -> Iterator[Text]:
    if facts.risk not in SEPARATED and approval.risk not in SEPARATED:
        return
    parts = ({approval.requester}, set(approval.approvers), set(approval.executors))
    both = sorted((parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2]))
    if both:
        yield Text(
            en=f"risk {facts.risk}: requester, approver and executor must differ, {', '.join(both)} is more than one",
            ja=f"影響 {facts.risk} では依頼者・承認者・実施者を分けます（{', '.join(both)} が兼ねています）",
        )


def _actor(approval: Approval, approvers: Approvers, facts: PlanFacts, actor: str, now: datetime) -> Iterator[Text]:
    person = approvers.by_login(actor)
    if person is None or person.id not in approval.executors:
        yield Text(
            en=f"{actor} is not one of those who may carry it out ({', '.join(approval.executors)})",
            ja=f"{actor} は実施者（{', '.join(approval.executors)}）ではありません",
        )
