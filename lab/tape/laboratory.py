"""The tape part of a lab: bring it up, tell about it, end it.

```python
tape = TapeLaboratory(lab.paths)
tape.up()                                  # idempotent; after kill -9 of everything, too
settings = tape.settings()                 # what module_utils/tape works with
tape.library.jam(0)                        # faults: see library.py
tape.stop()
```
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from lab.background_process import BackgroundProcess, wait_for
from lab.certificates import ensure_authority
from lab.debian_packages import ensure_unpacked
from lab.errors import LabError
from lab.files import locked, read_json, write_json
from lab.guests.process import Guests
from lab.paths import TOOLS, LabPaths
from lab.tape.agents import Agent, GuestAgents
from lab.tape.catalogue_server import DATABASE, OWNER, PORT, CatalogueServer
from lab.tape.configuration import SEGMENTS, STANDALONE, Configuration, TapeChoice, default_pools
from lab.tape.library import VirtualLibrary
from lab.tape.paths import TapePaths, tape_paths
from lab.tape.users import STORAGE_GROUP, STORAGE_USER, as_user, check_users, give

VERSION = "9.6.7"
_PACKAGES = (
    "bacula-director",
    "bacula-director-pgsql",
    "bacula-common",
    "bacula-common-pgsql",
    "bacula-sd",
    "bacula-fd",
    "bacula-console",
    "bacula-bscan",
    "libwrap0",
    "liblzo2-2",
)


@dataclass(frozen=True)
class DaemonStatus:
    """What lab-status tells of one process; pid None if it does not run, port 0 if it has none."""

    name: str
    pid: int | None
    port: int
    log_file: Path


@dataclass(frozen=True)
class TapeLaboratory:
    """The tape part of one lab."""

    lab: LabPaths
    tools: Path = TOOLS

    @property
    def paths(self) -> TapePaths:
        """Its folders."""
        return tape_paths(self.lab)

    @property
    def library(self) -> VirtualLibrary:
        """The library as its owner sees it."""
        return VirtualLibrary(self.paths.library)

    @property
    def software(self) -> Path:
        """The unpacked tape software."""
        folder = ensure_unpacked("bacula", _PACKAGES, self.tools)
        if not (folder / f"usr/lib/bacula/libbac-{VERSION}.so").exists():
            raise LabError(f"{folder} does not hold Bacula {VERSION}, which all this was tried with (Debian 12 has it)")
        return folder

    @property
    def catalogue(self) -> CatalogueServer:
        """The catalogue's database server."""
        return CatalogueServer(self.paths, self.software)

    def settings(self) -> TapeSettings:
        """How to reach it. LabError if it was never up."""
        if not self.paths.settings_file.exists():
            raise LabError(f"lab {self.lab.name} has no tape library: run make lab-up TAPE=yes")
        return TapeSettings.read(self.paths.settings_file)

    @property
    def agents(self) -> GuestAgents:
        """The agents inside guests."""
        return GuestAgents(self.lab)

    def up(
        self,
        choice: TapeChoice | None = None,
        say: Callable[[str], None] = print,
        *,
        agents: Sequence[Agent] | None = None,
    ) -> None:
        """Start what does not run. `choice` counts at the first start only; `agents` None: those of the last time."""
        check_users()
        self.paths.check_socket(PORT)
        software = self.software
        self.paths.root.mkdir(parents=True, exist_ok=True)
        with locked(self.paths.root / "lock"):
            plan = read_json(self.paths.plan_file)
            if not plan:
                plan = {"choice": asdict(choice or TapeChoice(default_pools())), "ports": {}}
                plan["choice"]["pools"] = list(plan["choice"]["pools"])
            chosen = TapeChoice(**{**plan["choice"], "pools": tuple(plan["choice"]["pools"])})
            self.library.ensure(tapes=chosen.tapes)
            self._ensure_standalone()
            if agents is not None:
                self.agents.stop(but=agents)
                plan["agents"] = [each.value for each in agents]
            here = [Agent(**each) for each in plan.get("agents", [])]
            plan["software"] = str(software)
            plan["ports"] = self._ports(plan["ports"], [each.name for each in here])
            write_json(self.paths.plan_file, plan)
            authority = ensure_authority(self.lab.ca_file.parent, self.lab.name)
            if Configuration(self.paths, software, authority).write(chosen, plan["ports"], here):
                self._stop_daemons()
            started = ["postgresql"] if self.catalogue.ensure() else []
            started += [name for name in self.daemons() if self.start(name)]
            started += self._agents_up()
            say(f"tape    {', '.join(started)} started" if started else "tape    running")

    def _agents_up(self) -> list[str]:
        """Start the agents of the guests that run; one that is switched on later starts its own."""
        return self.agents.up(self._guests())

    def _guests(self) -> dict[str, int | None]:
        """Instance UUID -> PID 1 of the guests that have agents' machines; nothing where no guest runs."""
        guests = Guests(self.lab)
        if not self.agents.known() or guests.process.pid() is None:
            return {}
        return {each["instance_uuid"]: each["pid"] for each in guests.client.guests() if not each["reason"]}

    def daemons(self) -> dict[str, BackgroundProcess]:
        """The processes of the tape software, in the order in which they start."""
        names = {"bacula-sd": "storage/bacula-sd.conf", **{f"{each}-fd": f"{each}-fd.conf" for each in SEGMENTS}}
        names["bacula-dir"] = "bacula-dir.conf"
        log = self.paths.root / "log"
        return {name: BackgroundProcess(name, log, self.paths.config / config) for name, config in names.items()}

    def process(self, name: str) -> BackgroundProcess:
        """One process by its name: postgresql, bacula-sd, bacula-dir, lgwan-fd …"""
        return self.catalogue.process if name == "postgresql" else self.daemons()[name]

    def start(self, name: str) -> bool:
        """Start one daemon unless it runs. Give whether it was started."""
        process = self.daemons()[name]
        program = "bacula-fd" if name.endswith("-fd") else name
        port = self._port_of(name)
        is_storage = name == "bacula-sd"
        prefix = as_user(STORAGE_USER, STORAGE_GROUP, self.paths.root) if is_storage else ()
        return process.start(
            [str(self.software / "usr/sbin" / program), "-f", "-c", str(process.marker)],
            prefix=prefix,
            environment=self.environment(),
            is_ready=lambda: _answers(port),
        )

    def environment(self) -> dict[str, str]:
        """The environment in which the programs find their libraries."""
        folders = ("usr/lib/bacula", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
        path = os.pathsep.join(str(self.software / each) for each in folders)
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "LD_LIBRARY_PATH": path,
            "OPENSSL_CONF": str(self.paths.config / "storage/openssl.cnf"),
        }

    def kill(self, name: str) -> None:
        """End one process as a crash would."""
        process = self.process(name)
        pid = process.pid()
        if pid is None:
            raise LabError(f"{name} does not run")
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        if not wait_for(lambda: process.pid() is None, 10):
            raise LabError(f"{name}: process {pid} does not end")

    def status(self) -> list[DaemonStatus]:
        """One entry per process, the agents of guests that run among them; empty if the lab has no tape part."""
        if not self.paths.plan_file.exists():
            return []
        processes = {"postgresql": self.catalogue.process, **self.daemons()}
        running = self._guests()
        processes |= {
            each.name: self.agents.process(each.name)
            for each in self.agents.known()
            if running.get(each.machine) is not None
        }
        return [
            DaemonStatus(name, process.pid(), self._port_of(name), process.log_file)
            for name, process in processes.items()
        ]

    def stop(self) -> bool:
        """End all processes; tapes, slots and catalogue stay. Give whether any was running."""
        if not self.paths.plan_file.exists():
            return False
        stopped = self.agents.stop()
        stopped = self._stop_daemons() or stopped
        return self.catalogue.stop() or stopped

    def down(self) -> None:
        """End all processes and give up what lab-down could not remove."""
        self.stop()
        self.library.unmount()

    def run_as_storage(
        self, command: list[str], *, seconds: float = 120, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run bls, bscan and their like beside the storage daemon, as its user."""
        prefix = as_user(STORAGE_USER, STORAGE_GROUP, self.paths.root)
        return subprocess.run(
            [*prefix, str(self.software / "usr/sbin" / command[0]), *command[1:]],
            env={**self.environment(), **(more or {})},
            cwd=self.paths.storage_working,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def bscan(self, device: str, barcode: str) -> tuple[int, str]:
        """Read a tape into the catalogue; for `rebuild_catalogue`. The director must know the jobs' names by then."""
        config = str(self.paths.config / "storage/bacula-sd.conf")
        password_file = self.paths.secrets / f"catalogue-{OWNER}"
        # bscan takes the password as an argument only: libpq's variable keeps it out of the process list.
        done = self.run_as_storage(
            [
                "bscan",
                "-s",
                "-m",
                "-c",
                config,
                "-n",
                DATABASE,
                "-u",
                OWNER,
                "-h",
                str(self.paths.database),
                "-t",
                str(PORT),
                "-V",
                barcode,
                device,
            ],
            more={"PGPASSWORD": password_file.read_text(encoding="utf-8").strip()},
        )
        return done.returncode, done.stdout + done.stderr

    def insert_standalone(self, cartridge: Path | None) -> None:
        """Put a tape into the stand-alone drive by hand, or take it out (None)."""
        link = self.paths.root / STANDALONE / "drive"
        link.unlink(missing_ok=True)
        if cartridge is not None:
            link.symlink_to(cartridge)

    def standalone_cartridge(self, name: str) -> Path:
        """A cartridge on the operators' desk; made if it is new."""
        tape = self.paths.root / STANDALONE / name
        tape.touch(mode=0o640)
        give(tape, STORAGE_USER, STORAGE_GROUP)
        return tape

    def _ensure_standalone(self) -> None:
        folder = self.paths.root / STANDALONE
        folder.mkdir(exist_ok=True)
        give(folder, STORAGE_USER, STORAGE_GROUP)

    def _stop_daemons(self) -> bool:
        stopped = [process.stop() for process in reversed(self.daemons().values())]
        return any(stopped)

    def _port_of(self, name: str) -> int:
        ports = read_json(self.paths.plan_file).get("ports", {})
        key = {"bacula-dir": "director", "bacula-sd": "storage"}.get(name, name)
        return int(ports.get(key, 0))

    def _ports(self, known: dict[str, int], agents: Sequence[str]) -> dict[str, int]:
        """Ports are kept; one that somebody else has taken since, is replaced."""
        ports = {}
        names = {"director": "bacula-dir", "storage": "bacula-sd", **{f"{each}-fd": f"{each}-fd" for each in SEGMENTS}}
        processes = {**self.daemons(), **{name: self.agents.process(name) for name in agents}}
        names |= {name: name for name in agents}
        with contextlib.ExitStack() as held:
            for key, name in names.items():
                port = known.get(key, 0)
                if processes[name].pid() is not None:
                    ports[key] = port
                    continue
                probe = held.enter_context(socket.socket())
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    probe.bind(("127.0.0.1", 0))
                ports[key] = probe.getsockname()[1]
        return ports


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
