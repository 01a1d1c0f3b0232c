"""An address of the lab's network without a guest: network equipment, or a server whose machine does not run here.

It is a network namespace of its own on a bridge of the lab, so that the registered flows hold for it as for a guest.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lab.guests.commands import run

_NAMESPACES = Path("/run/netns")


def appliance_network(namespace: str, address: str) -> Path:
    """The network namespace of an address, whether it is there or not."""
    return _NAMESPACES / f"{namespace}-{address}"


def ensure_appliance(namespace: str, bridge: str, address: str, prefix_length: int, gateway: str) -> Path:
    """Make the address on the bridge unless it is there, and give its network namespace. Needs root."""
    network = appliance_network(namespace, address)
    if _is_whole(network, address):
        return network
    remove_appliance(namespace, address)  # what a kill, or the end of the lab's network, has left
    run(["ip", "netns", "add", network.name])
    # As guests do: others may still know the address by the card of the machine that had it before.
    run(["ip", "netns", "exec", network.name, "sysctl", "-q", "-w", "net.ipv4.conf.default.arp_notify=1"])
    outer = f"a{hashlib.sha256(network.name.encode()).hexdigest()[:12]}"
    lines = [
        f"link add {outer} type veth peer name eth0 netns {network.name}",
        f"link set {outer} master {bridge} up",
    ]
    run(["ip", "-n", namespace, "-batch", "-"], given="\n".join(lines) + "\n")
    lines = [
        "link set lo up",
        f"address add {address}/{prefix_length} dev eth0",
        "link set eth0 up",
        f"route add default via {gateway}",
    ]
    run(["ip", "-n", network.name, "-batch", "-"], given="\n".join(lines) + "\n")
    return network


def _is_whole(network: Path, address: str) -> bool:
    if not network.exists() or network.stat().st_dev == network.parent.stat().st_dev:  # the second: only an empty file
        return False
    shown = run(["ip", "-n", network.name, "-o", "-4", "address", "show", "dev", "eth0"], accepted=(0, 1))
    return f" {address}/" in shown


def remove_appliance(namespace: str, address: str) -> bool:
    """Remove the address; its end on the bridge goes with it. Give whether it was there."""
    network = appliance_network(namespace, address)
    if not network.exists():
        return False
    run(["ip", "netns", "delete", network.name])
    return True


def appliances(namespace: str) -> list[str]:
    """Addresses that have been made in the lab's network."""
    start = f"{namespace}-"
    return sorted(path.name.removeprefix(start) for path in _NAMESPACES.glob(f"{start}[0-9]*"))
