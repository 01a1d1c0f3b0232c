"""L-08: no control plane bridges two segments. What flows say of it; accounts and secrets stand in inventory/."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Flow
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.ends import Ends

# A mirror hands on signed packages, which is the one-way export that the rule allows.
_MAY_CROSS = frozenset({"mirror"})


def check(estate: Estate, context: Context) -> Findings:
    """Flows of the platform's own servers stay in their segment; a management network serves its own vCenter only."""
    ends = Ends(estate)
    vcenters = {vcenter.id: vcenter for vcenter in estate.platform.vcenters}
    for index, flow in enumerate(estate.platform.flows):
        for name, other in ((flow.source, flow.destination), (flow.destination, flow.source)):
            system, machine = ends.machines.get(name, (None, None))
            segment = ends.segments.get(other)
            if (
                system is not None
                and machine is not None
                and system.kind == "platform"
                and machine.role not in _MAY_CROSS
                and segment not in {None, system.segment}
            ):
                yield _finding(context, index, flow, thing=machine.name, own=system.segment, other=str(segment))
            network = ends.management.get(name)
            vcenter = vcenters.get(network.vcenter) if network else None
            if vcenter is not None and segment not in {None, *vcenter.segments} and _home(ends, other) != vcenter.id:
                yield _finding(context, index, flow, thing=name, own=", ".join(vcenter.segments), other=str(segment))


def _home(ends: Ends, name: str) -> str | None:
    """The vCenter of a network or a machine."""
    network = ends.estate.network_by_id.get(name)
    if network is not None:
        return network.vcenter
    system, _ = ends.machines.get(name, (None, None))
    cluster = ends.estate.cluster_by_name.get(system.cluster) if system else None
    return cluster.vcenter if cluster else None


def _finding(context: Context, index: int, flow: Flow, *, thing: str, own: str, other: str) -> Finding:
    return context.finding(
        "L-08",
        ("flows", index),
        flow.id,
        Text(
            en=f"{flow.id}: {thing} manages {own} and would reach {other}",
            ja=f"{flow.id}: {thing} は {own} 系を管理しますが、{other} 系に届く通信です",
        ),
        Text(
            en="use the server of the other segment; between segments only signed one-way exports pass",
            ja="相手の系統のサーバを使ってください（系統間は署名付きの一方向の書出しだけです）",
        ),
    )
