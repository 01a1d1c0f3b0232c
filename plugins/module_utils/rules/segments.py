"""L-01, L-03 and L-06: the three-layer separation (ネットワークの３層分離)."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

# The management network is for those who run the platform; a hosted system has no business there.
_MAY_BE_MANAGED_FROM = frozenset({"platform", "infrastructure", "vdi"})


def check_one_segment(estate: Estate, context: Context) -> Findings:
    """L-01: a system's segment hosts machines, and all its machines and pools stand in networks of that segment."""
    segments = {segment.id: segment for segment in estate.platform.segments}
    for index, system in enumerate(estate.systems):
        segment = segments.get(system.segment)
        if segment is not None and not segment.hosts_machines and (system.machines or system.desktop_pools):
            yield context.finding(
                "L-01",
                ("systems", index, "segment"),
                system.id,
                Text(
                    en=f"{system.id}: the segment {system.segment} is a network of terminals and hosts no machine",
                    ja=f"{system.id}: {system.segment} は端末のネットワークで、仮想サーバを置けません",
                ),
                Text(
                    en="move the machines to a segment that hosts machines",
                    ja="仮想サーバを置ける系統に移してください",
                ),
            )
        for keys, thing, name in _networks_of(index, system):
            network = estate.network_by_id.get(name)
            if network is None or network.segment is None or network.segment == system.segment:
                continue
            offered = [
                item.id
                for item in estate.platform.networks
                if item.segment == system.segment and item.purpose == network.purpose
            ]
            yield context.finding(
                "L-01",
                keys,
                thing,
                Text(
                    en=f"{thing}: the network {name} is in segment {network.segment}, the system in {system.segment}",
                    ja=f"{thing}: ネットワーク {name} は {network.segment} 系、システムは {system.segment} 系です",
                ),
                Text(
                    en=f"take a network of the segment: {', '.join(offered) or '(none)'}",
                    ja=f"同じ系統のネットワークにしてください: {', '.join(offered) or '（なし）'}",
                ),
            )


def check_shared_things(estate: Estate, context: Context) -> Findings:
    """L-01: a datastore, and a switch, is of one segment: neither disks nor frames of two lie side by side."""
    segment_of = {cluster.name: cluster.segment for cluster in estate.platform.clusters}
    carried: list[tuple[Keys, str, set[str]]] = [
        (
            ("datastores", index, "clusters"),
            store.name,
            {segment_of[name] for name in store.clusters if name in segment_of},
        )
        for index, store in enumerate(estate.platform.datastores)
    ]
    for index, switch in enumerate(estate.platform.switches):
        networks = (item for item in estate.platform.networks if item.switch == switch.name)
        carried.append(
            (("switches", index), switch.name, {item.segment for item in networks if item.segment is not None})
        )
    for keys, thing, segments in carried:
        if len(segments) > 1:
            names = ", ".join(sorted(segments))
            yield context.finding(
                "L-01",
                keys,
                thing,
                Text(
                    en=f"{thing}: carries several segments: {names}", ja=f"{thing}: 複数の系統を載せています: {names}"
                ),
                Text(
                    en="give each segment one of its own",
                    ja="系統ごとに分けてください",
                ),
            )


def check_management(estate: Estate, context: Context) -> Findings:
    """L-03: only the platform's own servers have an interface in a management network beside that in their segment."""
    for index, system in enumerate(estate.systems):
        if system.kind in _MAY_BE_MANAGED_FROM:
            continue
        for keys, thing, name in _networks_of(index, system):
            network = estate.network_by_id.get(name)
            if network is not None and network.segment is None:
                yield context.finding(
                    "L-03",
                    keys,
                    thing,
                    Text(
                        en=f"{thing}: {name} is a management network, {system.id} a hosted system",
                        ja=f"{thing}: {name} は管理用ネットワークで、{system.id} は利用システムです",
                    ),
                    Text(
                        en=f"take a network of the segment {system.segment}",
                        ja=f"{system.segment} 系のネットワークにしてください",
                    ),
                )


def check_clusters(estate: Estate, context: Context) -> Findings:
    """L-06: a system runs in a cluster of its segment, or in one that shares with it by a policy that still holds.

    To or from an isolated segment the policy of the cluster is not enough: each system needs an exception.
    """
    isolated = {segment.id for segment in estate.platform.segments if segment.exposure == "isolated"}
    for index, system in enumerate(estate.systems):
        cluster = estate.cluster_by_name.get(system.cluster)
        if cluster is None or cluster.segment == system.segment or system.status == "retired":
            continue
        shared = cluster.shared_segments
        declared = shared is not None and system.segment in shared.segments
        if declared and not isolated & {system.segment, cluster.segment}:
            continue
        offered = [item.name for item in estate.platform.clusters if item.segment == system.segment]
        yield context.finding(
            "L-06",
            ("systems", index, "cluster"),
            system.id,
            Text(
                en=f"{system.id}: the cluster {cluster.name} is for {cluster.segment}, the system in {system.segment}",
                ja=f"{system.id}: クラスタ {cluster.name} は {cluster.segment} 系、システムは {system.segment} 系です",
            ),
            Text(
                en=f"take a cluster of the segment ({', '.join(offered) or 'none'}); sharing needs "
                f"{'an exception in platform/policy.yml' if declared else 'shared_segments'}",
                ja=f"同じ系統のクラスタ（{', '.join(offered) or 'なし'}）にするか、"
                f"{'platform/policy.yml に例外を' if declared else 'shared_segments に'}登録してください",
            ),
        )
    for index, cluster in enumerate(estate.platform.clusters):
        shared = cluster.shared_segments
        if shared is None or shared.expires >= context.soon:
            continue
        over = context.is_over(shared.expires)
        yield context.finding(
            "L-06",
            ("clusters", index, "shared_segments", "expires"),
            cluster.name,
            Text(
                en=f"{cluster.name}: leave to share segments {'ended' if over else 'ends'} on {shared.expires}",
                ja=f"{cluster.name}: 系統共用の承認期限は {shared.expires} です{'（期限切れ）' if over else ''}",
            ),
            Text(
                en=f"have {shared.approver} renew it, or move the systems to clusters of their own",
                ja=f"{shared.approver} の承認を更新するか、系統ごとのクラスタに移してください",
            ),
            only_warn=not over,
        )


def check_cluster_segment(estate: Estate, context: Context) -> Findings:
    """L-02: a cluster belongs to a vCenter that is there for the cluster's segment."""
    vcenters = {vcenter.id: vcenter for vcenter in estate.platform.vcenters}
    for index, cluster in enumerate(estate.platform.clusters):
        vcenter = vcenters.get(cluster.vcenter)
        if vcenter is not None and cluster.segment not in vcenter.segments:
            yield context.finding(
                "L-02",
                ("clusters", index, "vcenter"),
                cluster.name,
                Text(
                    en=f"{cluster.name}: {vcenter.id} serves {', '.join(vcenter.segments)}, not {cluster.segment}",
                    ja=f"{cluster.name}: {vcenter.id} は {'、'.join(vcenter.segments)} 用です"
                    f"（{cluster.segment} 用ではありません）",
                ),
                Text(
                    en="put the cluster into the vCenter of its segment",
                    ja="系統に合った vCenter に所属させてください",
                ),
            )


def _networks_of(index: int, system: System) -> list[tuple[Keys, str, str]]:
    """(place, machine or pool, network id) of every interface of a system."""
    machines: list[tuple[Keys, str, str]] = [
        (("systems", index, "machines", number, "nics", nic_number, "network"), machine.name, nic.network)
        for number, machine in enumerate(system.machines)
        for nic_number, nic in enumerate(machine.nics)
    ]
    pools: list[tuple[Keys, str, str]] = [
        (("systems", index, "desktop_pools", number, "network"), pool.name, pool.network)
        for number, pool in enumerate(system.desktop_pools)
    ]
    return machines + pools
