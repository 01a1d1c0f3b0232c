"""A lab as a whole: bring it up, tell about it, stop it, take it down.

```python
lab = Laboratory("default")
lab.up(build_world(REPOSITORY))
lab.state()["vcenters"]["vc-kyotsu"]["port"]
lab.process("vc-kyotsu").control.counters()
lab.down()
```
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from lab.certificates import Certificate, ensure_authority, ensure_server_certificate
from lab.errors import LabError
from lab.files import locked, read_json, write_json
from lab.guests.keys import ensure_administrator_key
from lab.guests.plan import GuestPlan
from lab.guests.process import Guests
from lab.guests.settings import Network
from lab.passwords import accounts
from lab.paths import STATE_ROOT, LabPaths, lab_paths
from lab.platform_services import PlatformServices, ServiceStatus
from lab.simulator_process import SimulatorProcess
from lab.tape.laboratory import TapeLaboratory
from lab.toolchain import ensure_simulator

HOSTNAME = "127.0.0.1"
# From the folder of a simulator, where its own socket is.
_GUESTS_SOCKET = "../../guests/manager.sock"


@dataclass(frozen=True)
class ProcessStatus:
    """What lab-status tells of one process."""

    vcenter: str
    pid: int | None
    port: int
    resident_bytes: int
    objects: dict[str, int]
    journal_bytes: int
    log_file: Path


class Laboratory:
    """One lab, named; its state is the folder `.lab/<name>/`."""

    def __init__(self, name: str = "default", state_root: Path = STATE_ROOT) -> None:
        self.paths: LabPaths = lab_paths(name, state_root)

    def state(self) -> dict[str, Any]:
        """Give lab.json; empty if the lab was never up."""
        return read_json(self.paths.state_file)

    def vcenters(self) -> list[str]:
        """Give the ids of the lab's vCenters."""
        return sorted(self.state().get("vcenters", {}))

    def process(self, vcenter: str) -> SimulatorProcess:
        """Give the process of one vCenter."""
        return SimulatorProcess(vcenter, self.paths.vcenter(vcenter))

    def password_file(self, vcenter: str, account: str = "automation") -> Path:
        """Give the file with the password of an account (automation, reader)."""
        return self.paths.secrets / f"{vcenter}-{account}.password"

    @property
    def guests(self) -> Guests:
        """What boots when a machine is switched on."""
        return Guests(self.paths)

    def services(self, networks: tuple[Network, ...] = ()) -> PlatformServices:
        """Mirrors, name servers and monitoring lists in the guests' network. `networks` are needed to start them."""
        return PlatformServices(self.paths, self.guests.namespace, networks)

    @property
    def tape(self) -> TapeLaboratory:
        """The tape library and the tape software; absent unless `tape.up()` was called."""
        return TapeLaboratory(self.paths)

    def up(
        self,
        world: dict[str, Any],
        say: Callable[[str], None] = print,
        *,
        guests: GuestPlan | None = None,
        estate: Estate | None = None,
    ) -> None:
        """Start what is not running, tell what runs about a changed world, and wait until all is ready.

        Without `guests` machines are records only, and guests that run are ended (their disks stay). With guests and an
        `estate` its mirrors and name servers serve in the guests' network.
        """
        binary = ensure_simulator(say=say)
        with locked(self.paths.lock_file):
            self._prepare_guests(world, guests, say)
            ensure_administrator_key(self.paths.secrets)
            authority = ensure_authority(self.paths.ca_file.parent, self.paths.name)
            changed = [
                self._start_or_update(vcenter, content, binary, authority, _GUESTS_SOCKET if guests else "")
                for vcenter, content in world["vcenters"].items()
            ]
            for (vcenter, content), what in zip(world["vcenters"].items(), changed, strict=True):
                process = self.process(vcenter)
                health = process.wait_until_ready()
                self._remember(vcenter, content, process, health)
                say(f"{what:<8}{vcenter}  https://{HOSTNAME}:{health['port']}  log {process.log_file}")
            if guests:
                if estate:
                    self.services(guests.networks).prepare(estate, say)
                failures = self._reconcile_guests(say)
                self._start_services(guests, say)
                if failures:
                    raise LabError("\n  ".join(["guests that should run do not:", *failures]))

    def _prepare_guests(self, world: dict[str, Any], guests: GuestPlan | None, say: Callable[[str], None]) -> None:
        if guests is None:
            self._stop_guests(say)
            return
        controls = {vcenter: self.process(vcenter).control_socket for vcenter in world["vcenters"]}
        self.guests.prepare(guests, controls, say)

    def _reconcile_guests(self, say: Callable[[str], None]) -> list[str]:
        """What is switched on in vCenter runs, and nothing else does; give what does not, one line each."""
        failures: dict[str, str] = {}
        for vcenter in self.vcenters():
            failures |= self.guests.client.reconcile(vcenter, self.process(vcenter).control.machines())
        running = sum(1 for each in self.guests.client.guests() if each["pid"])
        say(f"guests  {running} running")
        return [f"{name}: {reason}" for name, reason in sorted(failures.items())]

    def _start_services(self, guests: GuestPlan, say: Callable[[str], None]) -> None:
        """After the guests: a machine that carries a service has it in its own network."""
        for line in self.services(guests.networks).up(self._guests_by_machine()):
            say(line)

    def remember(self, **values: Any) -> None:
        """Keep values in lab.json."""
        with locked(self.paths.lock_file):
            write_json(self.paths.state_file, {**self.state(), **values})

    def stop(self, say: Callable[[str], None] = print) -> None:
        """End the processes and keep the world."""
        with locked(self.paths.lock_file):
            self._stop(say)

    def down(self, say: Callable[[str], None] = print) -> None:
        """End the processes and remove the lab's state, passwords and world included."""
        with locked(self.paths.lock_file):
            self._stop(say)
            self.tape.down()
            if self.paths.root.exists():
                shutil.rmtree(self.paths.root)
                say(f"removed {self.paths.root}")
        self.paths.lock_file.unlink(missing_ok=True)

    def status(self) -> list[ProcessStatus]:
        """Give one entry per vCenter; a process that does not run has pid None."""
        return [self._status(vcenter, entry) for vcenter, entry in sorted(self.state().get("vcenters", {}).items())]

    def service_status(self) -> list[ServiceStatus]:
        """Give one entry per mirror and name server; pid None where none runs."""
        return self.services().status(self._guests_by_machine() if self.guests.process.pid() else {})

    def _guests_by_machine(self) -> dict[str, int | None]:
        """Instance UUID -> PID 1 of each machine that has a guest; None while it is switched off."""
        return {each["instance_uuid"]: each["pid"] for each in self.guests.client.guests() if not each["reason"]}

    def _status(self, vcenter: str, entry: dict[str, Any]) -> ProcessStatus:
        process = self.process(vcenter)
        pid = process.pid()
        health = process.control.health() if pid else {}
        journal = process.journal_file
        return ProcessStatus(
            vcenter=vcenter,
            pid=pid,
            port=entry["port"],
            resident_bytes=process.resident_bytes(),
            objects=health.get("objects", {}),
            journal_bytes=journal.stat().st_size if journal.exists() else 0,
            log_file=process.log_file,
        )

    def _stop(self, say: Callable[[str], None]) -> None:
        for vcenter in self.vcenters():
            if self.process(vcenter).stop():
                say(f"stopped {vcenter}")
        self._stop_guests(say)
        if self.tape.stop():
            say("stopped tape")

    def _stop_guests(self, say: Callable[[str], None]) -> None:
        if self.services().stop():  # first: they hold the guests' networks
            say("stopped services")
        if self.guests.stop():
            say("stopped guests")

    def _start_or_update(
        self, vcenter: str, content: dict[str, Any], binary: Path, authority: Certificate, guests_socket: str
    ) -> str:
        process = self.process(vcenter)
        process.folder.mkdir(parents=True, exist_ok=True)
        hardware = {"hosts": content["hosts"], "datastores": content["datastores"]}
        for datastore in hardware["datastores"]:
            self.paths.datastore(vcenter, datastore).mkdir(parents=True, exist_ok=True)
        world_file = process.folder / "world.json"
        is_new = read_json(world_file) != hardware
        write_json(world_file, hardware)
        if process.pid() is not None:
            known = self.state().get("vcenters", {}).get(vcenter, {}).get("instance_uuid", content["instance_uuid"])
            if known != content["instance_uuid"]:
                raise LabError(f"{vcenter} has another instance_uuid now: run make lab-down first")
            told = read_json(process.config_file).get("guests_socket", "")
            if process.binary_name() == binary.name and told == guests_socket:
                if is_new:
                    process.wait_until_ready()
                    process.control.set_world(hardware)
                return "updated" if is_new else "running"
            process.stop()  # other sources, or guests or none now: start the new one on the same world
        config = self._config(vcenter, content, process, authority)
        process.start(binary, {**config, "guests_socket": guests_socket})
        return "started"

    def _config(
        self, vcenter: str, content: dict[str, Any], process: SimulatorProcess, authority: Certificate
    ) -> dict[str, Any]:
        certificate = ensure_server_certificate(process.folder, [f"{vcenter}.lab.test"], authority)
        accounts_file = process.folder / "accounts.json"
        write_json(accounts_file, accounts(self.paths.secrets, vcenter))
        home = process.folder / "home"
        home.mkdir(exist_ok=True)
        # Port 0 lets the kernel choose; what it chose is kept for the next start.
        port = self.state().get("vcenters", {}).get(vcenter, {}).get("port", 0)
        return {
            "vcenter": vcenter,
            "instance_uuid": content["instance_uuid"],
            "listen": f"{HOSTNAME}:{port}",
            "certificate_file": str(certificate.certificate_file),
            "key_file": str(certificate.key_file),
            "accounts_file": str(accounts_file),
            "world_file": str(process.folder / "world.json"),
            "control_socket": str(process.control_socket),
            "journal_file": str(process.journal_file),
            "home": str(home),
        }

    def _remember(
        self, vcenter: str, content: dict[str, Any], process: SimulatorProcess, health: dict[str, Any]
    ) -> None:
        state = self.state()  # other parts of the lab keep their own keys in it
        state["name"] = self.paths.name
        state["ca_file"] = str(self.paths.ca_file)
        state.setdefault("vcenters", {})[vcenter] = {
            "hostname": HOSTNAME,
            "port": health["port"],
            "instance_uuid": content["instance_uuid"],
            "control_socket": str(process.control_socket),
            "pid": health["pid"],
        }
        write_json(self.paths.state_file, state)
