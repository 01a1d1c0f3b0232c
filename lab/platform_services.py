"""Mirrors, name servers and monitoring lists of a lab as a whole, each at the address that the estate gives it.

```python
services = PlatformServices(lab.paths, lab.guests.namespace, plan.networks)
services.prepare(estate)                       # content, keys, zones, target lists; needs no network
services.up(estate, {entry["name"]: entry["pid"] for entry in lab.guests.client.guests() if entry["pid"]})
services.stop()                                # before the lab's network goes
```
`up` is idempotent; call it again when a machine that carries a service was switched on or restarted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import name_servers
from lab.appliance import appliance_network, appliances, ensure_appliance, remove_appliance
from lab.background_process import BackgroundProcess
from lab.errors import LabError
from lab.files import read_json, write_json
from lab.guests.settings import Network
from lab.mirror.content import ensure_content
from lab.mirror.repository import Mirror, mirror_addresses
from lab.mirror.server import MirrorServer
from lab.monitoring.target_files import monitoring_folder, write_targets
from lab.names.server import NameServer, names_folder
from lab.names.zone_files import write_zones
from lab.paths import LabPaths


@dataclass(frozen=True)
class ServiceStatus:
    """What lab-status tells of one service; pid None if it does not run."""

    name: str
    segment: str
    address: str
    pid: int | None


@dataclass(frozen=True)
class PlatformServices:
    """The services of one lab. `networks` are the bridges of its network namespace."""

    lab: LabPaths
    namespace: str
    networks: tuple[Network, ...]

    def prepare(self, estate: Estate, say: Callable[[str], None] = print) -> None:
        """Make or correct what is served: mirrors with a channel per wave, zones, target lists."""
        content = ensure_content(say=say)
        for segment in mirror_addresses(estate):
            Mirror(self.lab, segment).ensure(content, [wave.id for wave in estate.platform.waves])
        write_zones(estate, names_folder(self.lab) / "zones")
        write_targets(estate, monitoring_folder(self.lab) / "targets")

    def up(self, estate: Estate, pids: Mapping[str, int]) -> list[str]:
        """Serve at every address, in the network of its guest (`pids`: machine -> PID 1) or as an appliance.

        Gives a line per service that was started or reloaded.
        """
        names = {nic.address: machine.name for _, machine in estate.machines() for nic in machine.nics}
        mirrors = mirror_addresses(estate)
        servers = [(segment, each) for segment, several in name_servers(estate).items() for each in several]
        lines = []
        for segment, address in mirrors.items():
            server = MirrorServer(Mirror(self.lab, segment))
            network = self._network(address, pids.get(names.get(address, "")))
            _leave_other_network(server.process, network)
            if server.start(address, prefix=_enter(network)):
                lines.append(f"started mirror {segment} at {address}")
        for segment, address in servers:
            name_server = NameServer(self.lab, segment, address)
            network = self._network(address, pids.get(names.get(address, "")))
            _leave_other_network(name_server.process, network)
            done = name_server.ensure(prefix=_enter(network))
            if done != "running":
                lines.append(f"{done} name server {segment} at {address}")
        write_json(self._record, {"mirrors": mirrors, "name_servers": servers})
        return lines

    def status(self) -> list[ServiceStatus]:
        """One entry per service that was ever started and not stopped."""
        return [
            ServiceStatus(name, segment, address, process.pid()) for name, segment, address, process in self._known()
        ]

    def stop(self) -> bool:
        """End every service and remove the addresses that were made for them. Give whether there was anything."""
        stopped = [process.stop() for _, _, _, process in self._known()]
        removed = [remove_appliance(self.namespace, address) for address in appliances(self.namespace)]
        self._record.unlink(missing_ok=True)
        return any([*stopped, *removed])

    @property
    def _record(self) -> Path:
        return self.lab.root / "services.json"

    def _known(self) -> Iterator[tuple[str, str, str, BackgroundProcess]]:
        record = read_json(self._record)
        for segment, address in record.get("mirrors", {}).items():
            yield "mirror", segment, address, MirrorServer(Mirror(self.lab, segment)).process
        for segment, address in record.get("name_servers", []):
            yield "names", segment, address, NameServer(self.lab, segment, address).process

    def _network(self, address: str, pid: int | None) -> Path:
        """The network namespace in which the address is: its guest's, else one that is made for it."""
        if pid is not None:
            remove_appliance(self.namespace, address)  # its machine has come: two would answer
            return Path(f"/proc/{pid}/ns/net")
        for network in self.networks:
            gateway = IPv4Interface(network.gateway)
            if IPv4Address(address) in gateway.network:
                length = gateway.network.prefixlen
                return ensure_appliance(self.namespace, network.bridge, address, length, str(gateway.ip))
        raise LabError(f"{appliance_network(self.namespace, address).name}: no network of the lab has this address")


def _enter(network: Path) -> Sequence[str]:
    return ("nsenter", f"--net={network}", "--")


def _leave_other_network(process: BackgroundProcess, network: Path) -> None:
    """End a server that is in another network than it should be: that of a guest which has been restarted since."""
    pid = process.pid()
    if pid is not None and Path(f"/proc/{pid}/ns/net").stat().st_ino != network.stat().st_ino:
        process.stop()
