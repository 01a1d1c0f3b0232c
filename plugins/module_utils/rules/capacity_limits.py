"""K-01 and K-02: what is described fits, with hosts lost and under the fill limits."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import cluster_headroom, storage_headroom
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings


def check_clusters(estate: Estate, context: Context) -> Findings:
    """K-01: every cluster carries its machines with `host_failures_tolerated` hosts lost."""
    for index, headroom in enumerate(cluster_headroom(estate)):
        lost = headroom.host_failures_tolerated
        for demand, capacity, unit, what, what_ja in (
            (headroom.cpu_demand, headroom.cpu_capacity, "vCPU", "CPU", "CPU"),
            (headroom.memory_demand_gb, headroom.memory_capacity_gb, "GiB", "memory", "メモリ"),
        ):
            if demand <= capacity:
                continue
            yield context.finding(
                "K-01",
                ("clusters", index, "name"),
                headroom.cluster,
                Text(
                    en=f"{headroom.cluster}: {demand} {unit} of {what} described, "
                    f"{capacity:.0f} {unit} left with {lost} of {headroom.hosts} hosts lost",
                    ja=f"{headroom.cluster}: {what_ja}の割当 {demand} {unit} に対し、"
                    f"ホスト {headroom.hosts} 台中 {lost} 台停止時の容量は {capacity:.0f} {unit} です",
                ),
                Text(
                    en=f"lower sizes by {demand - capacity:.0f} {unit}, move systems, or add a host",
                    ja=f"{demand - capacity:.0f} {unit} 減らす、システムを移す、又はホストを増設してください",
                ),
            )


def check_storage(estate: Estate, context: Context) -> Findings:
    """K-02: the datastores of every tier stay under their fill limit, snapshot reserve kept free."""
    places = {datastore.name: index for index, datastore in enumerate(estate.platform.datastores)}
    for headroom in storage_headroom(estate):
        if headroom.fits or not headroom.datastores:  # no datastore at all: rule E-04 names the machines
            continue
        clusters = ", ".join(headroom.clusters)
        over = headroom.demand_gb - headroom.usable_gb
        yield context.finding(
            "K-02",
            ("datastores", places[headroom.datastores[0]], "name"),
            headroom.datastores[0],
            Text(
                en=f"{clusters}, tier {headroom.tier}: {headroom.demand_gb} GiB described, "
                f"{headroom.usable_gb:.0f} GiB usable of {headroom.capacity_gb} GiB",
                ja=f"{clusters} の階層 {headroom.tier}: 割当 {headroom.demand_gb} GiB に対し、"
                f"使用可能容量は {headroom.capacity_gb} GiB 中 {headroom.usable_gb:.0f} GiB です",
            ),
            Text(
                en=f"lower disks by {over:.0f} GiB, use another tier, or add a datastore in platform/storage.yml",
                ja=f"{over:.0f} GiB 減らす、別の階層を使う、又は platform/storage.yml にデータストアを追加してください",
            ),
        )
