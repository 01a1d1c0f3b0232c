"""The lab's network: a bridge per port group with the gateway's address; between them only registered flows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lab.errors import LabError
from lab.guests.commands import run
from lab.guests.settings import Flow, Network

# The way into the lab's namespace for everything that is not about interfaces.
NAMESPACES = Path("/run/netns")


def inside(namespace: str, *command: str) -> list[str]:
    """Give a command that runs another one in the lab's network."""
    return ["nsenter", f"--net={NAMESPACES / namespace}", "--", *command]


def ensure_network(namespace: str, networks: Iterable[Network], flows: Iterable[Flow]) -> None:
    """Make what is missing of bridges and addresses, and replace the rules as a whole."""
    run(inside(namespace, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.disable_ipv6=1"))
    # Where the kernel shows bridged frames to the rules for routed ones, it must not: a network is one piece.
    if Path("/proc/sys/net/bridge/bridge-nf-call-iptables").exists():
        run(inside(namespace, "sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=0"))
    # The rules stand before the first bridge: there is no moment at which everything is open.
    run(inside(namespace, "nft", "-f", "-"), given=ruleset(flows))
    there = set(_bridges(namespace))
    lines: list[str] = []
    for network in networks:
        if network.bridge in there:
            continue
        there.add(network.bridge)
        lines += [
            f"link add {network.bridge} type bridge forward_delay 0",
            f"link set {network.bridge} alias {network.port_group}",
            f"address add {network.gateway} dev {network.bridge}",
            f"link set {network.bridge} up",
        ]
    if lines:
        _batch(namespace, lines)


def ensure_closed_bridge(namespace: str, bridge: str, alias: str) -> None:
    """Make a bridge without an address: those on it see each other and nothing else."""
    if bridge in set(_bridges(namespace)):
        return
    lines = [
        f"link add {bridge} type bridge forward_delay 0",
        f"link set {bridge} alias {alias}",
        f"link set {bridge} up",
    ]
    try:
        _batch(namespace, lines)
    except LabError:
        # Another guest of the same network has made it at the same moment.
        if bridge not in set(_bridges(namespace)):
            raise


def _bridges(namespace: str) -> Iterator[str]:
    for line in run(["ip", "-n", namespace, "-o", "link", "show", "type", "bridge"]).splitlines():
        yield line.split(":")[1].strip()


def ruleset(flows: Iterable[Flow]) -> str:
    """Give the rules for nft: what is not registered is dropped, between networks and to the lab itself.

    A frame between two guests of one network stays on its bridge, as on a real VLAN.
    """
    lines = [
        "table inet lab",
        "delete table inet lab",
        "table inet lab {",
        "  chain input {",
        "    type filter hook input priority 0; policy drop;",
        "    iif lo accept",
        "    ct state established,related accept",
        "    icmp type echo-request accept",
        "  }",
        "  chain forward {",
        "    type filter hook forward priority 0; policy drop;",
        "    ct state established,related accept",
    ]
    lines += [f"    {_rule(flow)}" for flow in flows if flow.source and flow.destination]
    return "\n".join([*lines, "  }", "}", ""])


def _rule(flow: Flow) -> str:
    match = f"ip saddr {{ {', '.join(flow.source)} }} ip daddr {{ {', '.join(flow.destination)} }}"
    if flow.protocol == "icmp":
        return f'{match} icmp type echo-request counter accept comment "{flow.id}"'
    ports = ", ".join(str(port) for port in flow.ports)
    return f'{match} {flow.protocol} dport {{ {ports} }} counter accept comment "{flow.id}"'


def attach(namespace: str, pid: int, cards: Iterable[tuple[str, str, str, str]]) -> None:
    """Give a process's network namespace its interfaces: (outer name, bridge, inner name, MAC address) each."""
    lines: list[str] = []
    old: list[str] = []
    for outer, bridge, inner, mac in cards:
        old.append(f"link delete {outer}")
        lines += [
            f"link add {outer} type veth peer name {inner} address {mac} netns {pid}",
            f"link set {outer} master {bridge} up",
        ]
    if not lines:
        return
    try:
        _batch(namespace, lines)
    except LabError:
        # The kernel takes a namespace's interfaces away some time after its last process: a guest that is switched off
        # and on again, as a revert does, may meet its own of before.
        with suppress(LabError):  # they have gone meanwhile
            _batch(namespace, old, "-force")
        _batch(namespace, lines)


def _batch(namespace: str, lines: Iterable[str], *options: str) -> None:
    run(["ip", "-n", namespace, *options, "-batch", "-"], given="\n".join(lines) + "\n")
