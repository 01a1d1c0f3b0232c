"""E-06: the address plan. Networks are sound and apart; a machine's address is one that its network gives machines."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Network
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Nic, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings

RULE = "E-06"


def check(estate: Estate, context: Context) -> Findings:
    """Networks, then the interfaces of machines and the pools that stand in them."""
    parsed: dict[str, IPv4Network] = {}
    for index, network in enumerate(estate.platform.networks):
        try:
            cidr = IPv4Network(network.cidr)
        except ValueError as error:
            yield context.finding(
                RULE,
                ("networks", index, "cidr"),
                network.id,
                Text(
                    en=f"{network.id}: {network.cidr} is not an IPv4 network: {error}",
                    ja=f"{network.id}: {network.cidr} は IPv4 ネットワークではありません",
                ),
                Text(
                    en="write the first address of the network and the length of its prefix",
                    ja="ネットワークの先頭アドレスとプレフィックス長を書いてください",
                ),
            )
            continue
        parsed[network.id] = cidr
        yield from _inside(context, index, network, cidr)
    yield from _apart(estate, context, parsed)
    for index, system in enumerate(estate.systems):
        for number, machine in enumerate(system.machines):
            for nic_number, nic in enumerate(machine.nics):
                keys = ("systems", index, "machines", number, "nics", nic_number)
                network_or_none = estate.network_by_id.get(nic.network)
                if network_or_none is None or nic.network not in parsed:
                    continue
                yield from _reach(
                    estate, context, (*keys, "network"), machine.name, system=system, network=network_or_none
                )
                yield from _address(
                    context, (*keys, "address"), machine.name, nic, network=network_or_none, cidr=parsed[nic.network]
                )
        for number, pool in enumerate(system.desktop_pools):
            network_or_none = estate.network_by_id.get(pool.network)
            if network_or_none is not None:
                keys_of_pool = ("systems", index, "desktop_pools", number, "network")
                yield from _reach(estate, context, keys_of_pool, pool.name, system=system, network=network_or_none)
    yield from _room_for_desktops(estate, context)


def _inside(context: Context, index: int, network: Network, cidr: IPv4Network) -> Findings:
    """Gateway and ranges stand inside the network; ranges do not meet each other or the gateway."""
    first, last = int(cidr.network_address) + 1, int(cidr.broadcast_address) - 1
    gateway = IPv4Address(network.gateway)
    if not first <= int(gateway) <= last:
        yield _network_finding(
            context,
            ("networks", index, "gateway"),
            network,
            Text(
                en=f"the gateway {gateway} is not a usable address of {cidr}",
                ja=f"ゲートウェイ {gateway} は {cidr} の使用可能なアドレスではありません",
            ),
        )
    ranges = sorted((IPv4Address(part.start), IPv4Address(part.end), at) for at, part in enumerate(network.ranges))
    for start, end, number in ranges:
        if start > end or not (first <= int(start) and int(end) <= last):
            message = Text(
                en=f"the range {start} to {end} does not lie inside {cidr}",
                ja=f"範囲 {start}～{end} は {cidr} に収まっていません",
            )
        elif start <= gateway <= end:
            message = Text(
                en=f"the range {start} to {end} holds the gateway {gateway}",
                ja=f"範囲 {start}～{end} にゲートウェイ {gateway} が含まれています",
            )
        else:
            continue
        yield _network_finding(context, ("networks", index, "ranges", number), network, message)
    for (_, end, _), (start, _, number) in pairwise(ranges):
        if start <= end:
            yield _network_finding(
                context,
                ("networks", index, "ranges", number),
                network,
                Text(
                    en=f"two ranges overlap at {start}",
                    ja=f"2つの範囲が {start} で重なっています",
                ),
            )


def _network_finding(context: Context, keys: Keys, network: Network, message: Text) -> Finding:
    return context.finding(
        RULE,
        keys,
        network.id,
        Text(en=f"{network.id}: {message.en}", ja=f"{network.id}: {message.ja}"),
        Text(en="correct the address plan here", ja="ここのアドレス計画を直してください"),
    )


def _apart(estate: Estate, context: Context, parsed: dict[str, IPv4Network]) -> Findings:
    """No two networks overlap, whatever vCenter they belong to: the plan is one for the whole estate."""
    places = {network.id: index for index, network in enumerate(estate.platform.networks)}
    widest: tuple[str, IPv4Network] | None = None
    for name, cidr in sorted(parsed.items(), key=lambda item: (item[1].network_address, item[1].prefixlen)):
        if widest is not None and widest[1].overlaps(cidr):
            keys: Keys = ("networks", places[name], "cidr")
            other = context.at(("networks", places[widest[0]], "cidr"))
            yield context.finding(
                RULE,
                keys,
                name,
                Text(
                    en=f"{name}: {cidr} overlaps {widest[1]} of {widest[0]} ({other})",
                    ja=f"{name}: {cidr} は {widest[0]} の {widest[1]} と重なっています（{other}）",
                ),
                Text(
                    en="give one of the two another block",
                    ja="どちらかに別のアドレスブロックを割り当ててください",
                ),
            )
        else:
            widest = (name, cidr)


def _reach(estate: Estate, context: Context, keys: Keys, thing: str, *, system: System, network: Network) -> Findings:
    """The network's switch is one that the hosts of the system's cluster are connected to."""
    cluster = estate.cluster_by_name.get(system.cluster)
    switch = next((item for item in estate.platform.switches if item.name == network.switch), None)
    if cluster is None or switch is None or cluster.name in switch.clusters:
        return
    offered = sorted(
        item.id
        for item in estate.platform.networks
        for other in estate.platform.switches
        if other.name == item.switch and cluster.name in other.clusters
    )
    yield context.finding(
        RULE,
        keys,
        thing,
        Text(
            en=f"{thing}: the network {network.id} (switch {switch.name}) does not reach the cluster {cluster.name}",
            ja=f"{thing}: ネットワーク {network.id}（スイッチ {switch.name}）はクラスタ {cluster.name} に届きません",
        ),
        Text(
            en=f"take one of: {', '.join(offered) or '(none)'}",
            ja=f"次から選んでください: {', '.join(offered) or '（なし）'}",
        ),
    )


def _address(context: Context, keys: Keys, thing: str, nic: Nic, *, network: Network, cidr: IPv4Network) -> Findings:
    address = IPv4Address(nic.address)
    ranges = [part for part in network.ranges if part.purpose == "machines"]
    allowed = ", ".join(f"{part.start}-{part.end}" for part in ranges)
    if address not in cidr:
        message = Text(
            en=f"{address} is not in {network.id} ({cidr})", ja=f"{address} は {network.id}（{cidr}）の外です"
        )
    elif address == IPv4Address(network.gateway):
        message = Text(
            en=f"{address} is the gateway of {network.id}", ja=f"{address} は {network.id} のゲートウェイです"
        )
    elif address in {cidr.network_address, cidr.broadcast_address}:
        message = Text(
            en=f"{address} is the network or broadcast address of {network.id}",
            ja=f"{address} は {network.id} のネットワークアドレスかブロードキャストアドレスです",
        )
    elif not any(IPv4Address(part.start) <= address <= IPv4Address(part.end) for part in ranges):
        message = Text(
            en=f"{address} is outside the range for machines in {network.id}",
            ja=f"{address} は {network.id} の仮想サーバ用範囲の外です",
        )
    else:
        return
    yield context.finding(
        RULE,
        keys,
        thing,
        Text(en=f"{thing}: {message.en}", ja=f"{thing}: {message.ja}"),
        Text(
            en=f"take a free address of {allowed}"
            if allowed
            else "the network has no range for machines; take another",
            ja=f"{allowed} の空きアドレスを使ってください"
            if allowed
            else "仮想サーバ用範囲のある別のネットワークにしてください",
        ),
    )


def _room_for_desktops(estate: Estate, context: Context) -> Findings:
    """The pools of a network have together no more desktops than its `desktops` ranges have addresses."""
    wanted: defaultdict[str, int] = defaultdict(int)
    for index, system in enumerate(estate.systems):
        for number, pool in enumerate(system.desktop_pools):
            network = estate.network_by_id.get(pool.network)
            if network is None or system.status == "retired":
                continue
            wanted[network.id] += pool.count
            room = sum(
                int(IPv4Address(part.end)) - int(IPv4Address(part.start)) + 1
                for part in network.ranges
                if part.purpose == "desktops"
            )
            if wanted[network.id] > room:
                yield context.finding(
                    RULE,
                    ("systems", index, "desktop_pools", number, "count"),
                    pool.name,
                    Text(
                        en=f"{pool.name}: {network.id} has {room} addresses for {wanted[network.id]} desktops",
                        ja=f"{pool.name}: {network.id} の端末 {wanted[network.id]} 台に対しアドレスは {room} 個です",
                    ),
                    Text(
                        en="lower the count, or widen the desktops range in platform/networks.yml",
                        ja="台数を減らすか、platform/networks.yml の desktops 範囲を広げてください",
                    ),
                )
