"""Mirrors, name servers and monitoring lists of a lab as a whole, each at the address that the estate gives it.

```python
services = PlatformServices(lab.paths, lab.guests.namespace, plan.networks)
services.prepare(estate)              # content, keys, zones; needs no network
services.up(guests)                   # instance UUID -> PID 1 of its guest; None: has one, and is switched off
services.follow(instance_uuid, pid)   # a guest has started: what its machine carries moves into it
services.leave(instance_uuid)         # it has ended: what it carried ends with it
services.stop()                       # before the lab's network goes
```
`up` is idempotent. The guest manager calls `follow` and `leave`, so that a machine that is switched on or restarted
through vCenter serves again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import name_servers
from lab.appliance import appliances, ensure_appliance, remove_appliance
from lab.background_process import BackgroundProcess
from lab.errors import LabError
from lab.files import locked, read_json, write_json
from lab.guests.settings import Network
from lab.mirror.content import ensure_content
from lab.mirror.repository import Mirror, mirror_addresses
from lab.mirror.server import MirrorServer
from lab.names.server import NameServer
from lab.names.zone_files import prepare_zones
from lab.paths import LabPaths

MIRROR, NAMES = "mirror", "names"


@dataclass(frozen=True)
class Service:
    """One service. `machine` is the instance UUID of the machine at its address; empty for network equipment."""

    kind: str
    segment: str
    address: str
    machine: str


@dataclass(frozen=True)
class ServiceStatus:
    """What lab-status tells of one service; pid None if it does not run, as it must not while its machine is off."""

    name: str
    segment: str
    address: str
    pid: int | None
    machine_off: bool


@dataclass(frozen=True)
class PlatformServices:
    """The services of one lab. `networks` are the bridges of its network namespace."""

    lab: LabPaths
    namespace: str
    networks: tuple[Network, ...]

    def prepare(self, estate: Estate, say: Callable[[str], None] = print) -> None:
        """Make or correct what is served: mirrors with a channel per wave, zones."""
        content = ensure_content(say=say)
        for segment in mirror_addresses(estate):
            Mirror(self.lab, segment).ensure(content, [wave.id for wave in estate.platform.waves])
        prepare_zones(estate, self.lab)
        wanted = services_of(estate)
        with self._locked():
            for service in self._known():
                if service not in wanted:
                    self._process(service).stop()
                    remove_appliance(self.namespace, service.address)
            write_json(self._record, {"services": [asdict(service) for service in wanted]})

    def up(self, guests: Mapping[str, int | None]) -> list[str]:
        """Serve at every address: in the network of its guest, or of a stand-in where the machine has no guest (yet).

        A machine that has a guest and is switched off serves nothing. Gives a line per service that was started or
        reloaded. Raises LabError if one does not start.
        """
        with self._locked():
            return [
                line
                for service in self._known()
                if not _is_off(service, guests)
                for line in self._serve(service, guests.get(service.machine))
            ]

    def follow(self, machine: str, pid: int) -> list[str]:
        """Let the services of a machine run in the network of its guest, which has just been made for this PID 1."""
        if not self._carried_by(machine):
            return []
        with self._locked():
            return [line for each in self._carried_by(machine) for line in self._serve(each, pid)]

    def leave(self, machine: str) -> None:
        """End the services of a machine whose guest has ended: they would keep its network alive."""
        if not self._carried_by(machine):
            return
        with self._locked():
            for service in self._carried_by(machine):
                if service.address not in appliances(self.namespace):
                    self._process(service).stop()

    def reload_names(self) -> list[str]:
        """Let every name server read its zones again; give a line per server that had something to read."""
        with self._locked():
            servers = [NameServer(self.lab, each.segment, each.address) for each in self._known() if each.kind == NAMES]
            return [f"reloaded name server at {each.address}" for each in servers if each.reload() == "reloaded"]

    def status(self, guests: Mapping[str, int | None]) -> list[ServiceStatus]:
        """One entry per service of the lab; `guests` as for `up`."""
        return [
            ServiceStatus(each.kind, each.segment, each.address, self._process(each).pid(), _is_off(each, guests))
            for each in self._known()
        ]

    def stop(self) -> bool:
        """End every service and remove the addresses that were made for them. Give whether there was anything."""
        with self._locked():
            stopped = [self._process(service).stop() for service in self._known()]
            removed = [remove_appliance(self.namespace, address) for address in appliances(self.namespace)]
            self._record.unlink(missing_ok=True)
            return any([*stopped, *removed])

    @property
    def _record(self) -> Path:
        return self.lab.root / "services.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """lab-up and the guest manager come from two processes."""
        if not self.lab.root.exists():  # a lab that was never up gets no folder
            yield
            return
        with locked(self.lab.root / "services.lock"):
            yield

    def _known(self) -> list[Service]:
        return [Service(**each) for each in read_json(self._record).get("services", [])]

    def _carried_by(self, machine: str) -> list[Service]:
        return [service for service in self._known() if service.machine == machine]

    def _process(self, service: Service) -> BackgroundProcess:
        if service.kind == MIRROR:
            return MirrorServer(Mirror(self.lab, service.segment)).process
        return NameServer(self.lab, service.segment, service.address).process

    def _serve(self, service: Service, pid: int | None) -> Iterator[str]:
        network = self._network(service, pid)
        _leave_other_network(self._process(service), network)
        if service.kind == MIRROR:
            server = MirrorServer(Mirror(self.lab, service.segment))
            if server.start(service.address, prefix=_enter(network), before_address=True):
                yield f"started mirror {service.segment} at {service.address}"
            return
        done = NameServer(self.lab, service.segment, service.address).ensure(prefix=_enter(network))
        if done != "running":
            yield f"{done} name server {service.segment} at {service.address}"

    def _network(self, service: Service, pid: int | None) -> Path:
        """The network namespace in which the address is: its guest's, else one that is made for it."""
        address = service.address
        if pid is not None:
            if address in appliances(self.namespace):  # its machine has come: two would answer
                self._process(service).stop()
                remove_appliance(self.namespace, address)
            return Path(f"/proc/{pid}/ns/net")
        for network in self.networks:
            gateway = IPv4Interface(network.gateway)
            if IPv4Address(address) in gateway.network:
                length = gateway.network.prefixlen
                return ensure_appliance(self.namespace, network.bridge, address, length, str(gateway.ip))
        raise LabError(f"{service.kind} {service.segment}: no network of the lab has its address {address}")


def services_of(estate: Estate) -> list[Service]:
    """Every service of the estate with its address: mirrors, then name servers, by segment."""
    machines = {nic.address: machine for _, machine in estate.machines() for nic in machine.nics}

    def service(kind: str, segment: str, address: str) -> Service:
        machine = machines.get(address)
        return Service(kind, segment, address, estate.instance_uuid(machine).lower() if machine else "")

    mirrors = [service(MIRROR, segment, address) for segment, address in mirror_addresses(estate).items()]
    servers = [service(NAMES, segment, each) for segment, several in name_servers(estate).items() for each in several]
    return mirrors + servers


def _is_off(service: Service, guests: Mapping[str, int | None]) -> bool:
    return service.machine in guests and guests[service.machine] is None


def _enter(network: Path) -> Sequence[str]:
    return ("nsenter", f"--net={network}", "--")


def _leave_other_network(process: BackgroundProcess, network: Path) -> None:
    """End a server that is in another network than it should be: that of a guest which has been restarted since."""
    pid = process.pid()
    if pid is not None and Path(f"/proc/{pid}/ns/net").stat().st_ino != network.stat().st_ino:
        process.stop()
