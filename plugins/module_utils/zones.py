"""DNS zones of each segment, made from the model: forward and reverse, as the text of zone files. Pure.

Each segment has zones and servers of its own: a name server of one segment cannot tell an address of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Network
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Machine

# The real domain is not known; `test` is reserved (RFC 2606), so that no name of ours is ever somebody else's.
DOMAIN = "kyotsu.test"
# What is planned has no machine yet, what is retired has none any more.
EXISTING = ("in-service", "retiring")
# Short names of the servers that everybody of a segment uses; they stay when the machine behind them is replaced.
ALIASES = {"backup": "backup", "mirror": "mirror", "monitoring": "monitoring"}

_TTL_SECONDS = 300  # a restored or renamed machine is found within five minutes
_TIMERS = "3600 600 1209600 300"  # refresh, retry, expire, negative answers; in seconds


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone: its name without the last dot, the origin of its segment's names, its records but SOA, a line each."""

    segment: str
    name: str
    origin: str
    records: tuple[str, ...]

    def text(self, serial: int) -> str:
        """The whole zone file. The serial is that of its SOA record, see zone_file.py."""
        primary = next(
            (line.split()[-1] for line in self.records if line.startswith("@ IN NS ")), f"ns1.{self.origin}."
        )
        head = [
            f"; Segment {self.segment}, from systems/ and platform/; do not edit: the next run writes it again.",
            f"$ORIGIN {self.name}.",
            f"$TTL {_TTL_SECONDS}",
            f"@ IN SOA {primary} hostmaster.{self.origin}. {serial} {_TIMERS}",
        ]
        return "\n".join([*head, *self.records]) + "\n"


def zones_of(estate: Estate, domain: str = DOMAIN) -> tuple[Zone, ...]:
    """The forward zone `<segment>.<domain>` and the reverse zones (one per /24 of its server networks) of each segment.

    The same data gives the same zones, whatever the order of its files.
    """
    zones: list[Zone] = []
    for segment in estate.platform.segments:
        networks = [network for network in estate.platform.networks if network.segment == segment.id]
        if networks:
            zones.extend(_zones_of_segment(estate, segment.id, networks, domain))
    return tuple(zones)


def name_servers(estate: Estate) -> dict[str, tuple[str, ...]]:
    """Addresses of the name servers of each segment that has networks, in the order in which machines ask them."""
    servers: dict[str, tuple[str, ...]] = {}
    for network in estate.platform.networks:
        if network.segment is not None:
            known = servers.get(network.segment, ())
            servers[network.segment] = known + tuple(each for each in network.dns_servers if each not in known)
    return servers


def host_name(machine: Machine, segment: str, domain: str = DOMAIN) -> str:
    """The full name of a machine in a segment, without the last dot."""
    return f"{machine.name.lower()}.{segment}.{domain}"


def _zones_of_segment(estate: Estate, segment: str, networks: list[Network], domain: str) -> Iterator[Zone]:
    origin = f"{segment}.{domain}"
    servers = {f"ns{number}": address for number, address in enumerate(name_servers(estate)[segment], start=1)}
    machines = list(_machines(estate, segment))
    aliases = {
        ALIASES[machine.role]: machine.name.lower()
        for system, machine in estate.machines()
        if system.kind == "platform" and system.segment == segment and machine.role in ALIASES
        if status_of(system, machine) in EXISTING
    }
    forward = [
        *(f"{name} IN A {address}" for name, address in servers.items()),
        *(f"{name} IN A {address}" for name, address in machines),
        *(f"{alias} IN CNAME {name}" for alias, name in sorted(aliases.items())),
    ]
    yield _zone(segment, origin, origin, servers, forward)
    for block in _blocks(networks):
        pointers = [
            f"{str(address).rpartition('.')[2]} IN PTR {name}.{origin}."
            for name, address in machines
            if address in block
        ]
        yield _zone(segment, _reverse_name(block), origin, servers, pointers)


def _machines(estate: Estate, segment: str) -> Iterator[tuple[str, IPv4Address]]:
    """(name, address) of every interface in the segment, in the order of the addresses."""
    found = [
        (machine.name.lower(), IPv4Address(nic.address))
        for system, machine in estate.machines()
        if status_of(system, machine) in EXISTING
        for nic in machine.nics
        if estate.network_by_id[nic.network].segment == segment
    ]
    yield from sorted(found, key=lambda pair: pair[1])


def _blocks(networks: list[Network]) -> list[IPv4Network]:
    """Every /24 of the networks of servers; desktops get addresses by DHCP and have no names of ours."""
    blocks: set[IPv4Network] = set()
    for network in networks:
        if network.purpose == "servers":
            whole = IPv4Network(network.cidr)
            blocks.update([whole.supernet(new_prefix=24)] if whole.prefixlen > 24 else whole.subnets(new_prefix=24))
    return sorted(blocks)


def _reverse_name(block: IPv4Network) -> str:
    return ".".join(reversed(str(block.network_address).split(".")[:3])) + ".in-addr.arpa"


def _zone(segment: str, name: str, origin: str, servers: dict[str, str], records: list[str]) -> Zone:
    lines = [*(f"@ IN NS {server}.{origin}." for server in servers), *records]
    return Zone(segment=segment, name=name, origin=origin, records=tuple(lines))
