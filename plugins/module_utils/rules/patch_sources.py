"""L-07: machines that do not reach the internet fetch packages from the mirror of their own segment."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.ends import Ends

_ROLE = "mirror"


def check(estate: Estate, context: Context) -> Findings:
    """The patch source of each segment is in it; only a mirror asks the mirror of another segment."""
    ends = Ends(estate)
    in_use = {
        system.segment
        for system in estate.systems
        if system.status != "retired" and (system.machines or system.desktop_pools)
    }
    for index, segment in enumerate(estate.platform.segments):
        source = segment.patch_source
        if source is None:
            if segment.exposure == "open" or segment.id not in in_use:
                continue
            wrong = Text(
                en=f"{segment.id}: has machines and names no patch source",
                ja=f"{segment.id}: 仮想サーバがありますが、更新元（patch_source）がありません",
            )
        elif source not in ends.segments or (ends.segments[source] == segment.id and _hands_out(ends, source)):
            continue  # an unknown name: rule E-04 speaks of it
        else:
            wrong = Text(
                en=f"{segment.id}: the patch source {source} is no mirror in this segment",
                ja=f"{segment.id}: 更新元 {source} はこの系統のミラーではありません",
            )
        yield context.finding(
            "L-07",
            ("segments", index, "patch_source"),
            segment.id,
            wrong,
            Text(
                en="name a machine of role mirror, or an internal mirror of external.yml, of this segment",
                ja="この系統の役割 mirror の仮想サーバか、external.yml の内部ミラーを指定してください",
            ),
        )
    for index, flow in enumerate(estate.platform.flows):
        system, machine = ends.machines.get(flow.destination, (None, None))
        own, other = ends.of(flow)
        if machine is None or system is None or machine.role != _ROLE or own in {None, other}:
            continue
        asking = ends.machines.get(flow.source)
        if asking is None or asking[1].role != _ROLE:
            yield context.finding(
                "L-07",
                ("flows", index, "destination"),
                flow.id,
                Text(
                    en=f"{flow.id}: {flow.source} would fetch packages from {machine.name} in segment {other}",
                    ja=f"{flow.id}: {flow.source} が {other} 系の {machine.name} から更新を取得する通信です",
                ),
                Text(
                    en="let it ask the mirror of its own segment; only mirrors ask each other",
                    ja="自系統のミラーから取得してください（系統間はミラー同士だけです）",
                ),
            )


def _hands_out(ends: Ends, name: str) -> bool:
    """A mirror machine that is not retired, or an external service."""
    if name not in ends.machines:
        return any(service.id == name for service in ends.estate.platform.external_services)
    system, machine = ends.machines[name]
    return machine.role == _ROLE and status_of(system, machine) != "retired"
