"""L-02, L-03 and L-04: what passes between segments, and to shared servers, is registered, and for a time only."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Flow
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.ends import Ends


def check_isolated(estate: Estate, context: Context) -> Findings:
    """L-02: 特定通信 of an isolated segment are between single addresses, asked for from inside, and not over."""
    ends = Ends(estate)
    yield from _of_rule(context, ends, "L-02")
    networks = estate.network_by_id
    for index, flow in enumerate(estate.platform.flows):
        if ends.rule(*ends.of(flow)) != "L-02":
            continue
        for field, name in (("source", flow.source), ("destination", flow.destination)):
            if name in networks:
                yield context.finding(
                    "L-02",
                    ("flows", index, field),
                    flow.id,
                    Text(
                        en=f"{flow.id}: {name} is a whole network; 特定通信 are between single addresses",
                        ja=f"{flow.id}: {name} はネットワーク全体です。特定通信はアドレスを限定します",
                    ),
                    Text(
                        en="name the machine that needs it, by its key",
                        ja="必要な仮想サーバの鍵（key）を指定してください",
                    ),
                )


def check_crossing(estate: Estate, context: Context) -> Findings:
    """L-04: flows between the other segments say what makes imported files harmless, and are not over."""
    ends = Ends(estate)
    yield from _of_rule(context, ends, "L-04")
    for index, flow in enumerate(estate.platform.flows):
        if ends.rule(*ends.of(flow)) == "L-04" and flow.import_control is None:
            yield context.finding(
                "L-04",
                ("flows", index),
                flow.id,
                Text(
                    en=f"{flow.id}: crosses segments and does not say what makes imported files harmless",
                    ja=f"{flow.id}: 系統をまたぐ通信ですが、取り込むファイルの無害化の手段がありません",
                ),
                Text(
                    en="write import_control: the way of 無害化, a signature that is verified, or that no file passes",
                    ja="import_control に無害化・署名検証などの手段、又はファイルを通さない旨を書いてください",
                ),
            )


def check_shared(estate: Estate, context: Context) -> Findings:
    """L-03: flows within a segment and with management are not over; every shared server has its flows registered."""
    ends = Ends(estate)
    yield from _expiry(context, ends, None)
    named = {name for flow in estate.platform.flows for name in (flow.source, flow.destination)}
    for index, system in enumerate(estate.systems):
        if system.kind != "platform":
            continue
        for number, machine in enumerate(system.machines):
            if status_of(system, machine) != "retired" and machine.key not in named:
                yield context.finding(
                    "L-03",
                    ("systems", index, "machines", number, "key"),
                    machine.name,
                    Text(
                        en=f"{machine.name}: a shared server without any registered flow",
                        ja=f"{machine.name}: 共用サーバですが、登録した通信がありません",
                    ),
                    Text(
                        en="register in platform/flows.yml whom it talks to, or it reaches nobody",
                        ja="platform/flows.yml に通信を登録してください（なければどこにも届きません）",
                    ),
                )


def _of_rule(context: Context, ends: Ends, rule: str) -> Findings:
    """What both kinds of crossing have in common: expiry, direction, and dependencies without a flow."""
    yield from _expiry(context, ends, rule)
    for index, flow in enumerate(ends.estate.platform.flows):
        source, destination = ends.of(flow)
        if ends.rule(source, destination) == rule and ends.exposures.get(source or "") == "open":
            yield context.finding(
                rule,
                ("flows", index, "source"),
                flow.id,
                Text(
                    en=f"{flow.id}: {source} opens a connection into {destination}",
                    ja=f"{flow.id}: {source} 系から {destination} 系への接続です",
                ),
                Text(
                    en="let the more protected side open the connection, if it can",
                    ja="可能なら保護すべき側から接続を開始してください",
                ),
                only_warn=True,
            )
    registered = {frozenset((flow.source, flow.destination)) for flow in ends.estate.platform.flows}
    for keys, thing, names, other, others, crossing in _dependencies(ends):
        if crossing == rule and not any(frozenset((one, two)) in registered for one in names for two in others):
            yield context.finding(
                rule,
                keys,
                thing,
                Text(
                    en=f"{thing}: needs {other} in another segment, and no flow between the two is registered",
                    ja=f"{thing}: 他系統の {other} に依存しますが、両者の間の通信登録がありません",
                ),
                Text(
                    en="register the flow in platform/flows.yml with port, reason and expiry, or do without it",
                    ja="platform/flows.yml にポート・理由・承認者・期限を登録するか、依存をやめてください",
                ),
            )


def _dependencies(ends: Ends) -> Iterator[tuple[Keys, str, set[str], str, set[str], str | None]]:
    """(place, system, its names, what it needs, names of that, rule of the crossing)."""
    estate = ends.estate
    services = {service.id: service for service in estate.platform.external_services}
    for index, system in enumerate(estate.systems):
        if system.status == "retired":
            continue
        for number, dependency in enumerate(system.depends_on):
            keys: Keys = ("systems", index, "depends_on", number)
            other = estate.system_by_id.get(dependency.system or "")
            service = services.get(dependency.external or "")
            if other is not None:
                crossing = ends.rule(system.segment, other.segment)
                others = ends.names(other) if crossing else set()
                yield keys, system.id, ends.names(system) if crossing else set(), other.id, others, crossing
            elif service is not None:
                crossing = ends.rule(system.segment, service.segment)
                yield keys, system.id, ends.names(system) if crossing else set(), service.id, {service.id}, crossing


def _expiry(context: Context, ends: Ends, rule: str | None) -> Findings:
    """Registrations that are over or soon will be. `rule` None: those that cross nothing, of which L-03 speaks."""
    for index, flow in enumerate(ends.estate.platform.flows):
        if flow.expires < context.soon and ends.rule(*ends.of(flow)) == rule:
            yield _ended(context, index, flow, rule or "L-03")


def _ended(context: Context, index: int, flow: Flow, rule: str) -> Finding:
    over = context.is_over(flow.expires)
    return context.finding(
        rule,
        ("flows", index, "expires"),
        flow.id,
        Text(
            en=f"{flow.id}: the registration {'ended' if over else 'ends'} on {flow.expires}",
            ja=f"{flow.id}: 通信登録の期限は {flow.expires} です{'（期限切れ）' if over else ''}",
        ),
        Text(
            en=f"have {flow.approver} renew it, or close the flow and remove it here",
            ja=f"{flow.approver} の承認を得て更新するか、通信を止めて登録を削除してください",
        ),
        only_warn=not over,
    )
