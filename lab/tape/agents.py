"""The tape software's agents inside guests: put there, started with the guest, ended with it.

An agent has the guest's files, and the network of the lab's host: from the network of a guest nothing reaches the tape
software. Its program, its libraries and its configuration lie in the guest, as a package would put them there.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_list import LISTS, PROGRAM
from lab.background_process import BackgroundProcess
from lab.errors import LabError
from lab.files import locked, read_json, write_atomically
from lab.paths import REPOSITORY, LabPaths
from lab.tape.paths import TapePaths, tape_paths

# In the guest.
FOLDER = Path(PROGRAM).parent
CONFIGURATION = Path("/etc/kyotsu-backup")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


@dataclass(frozen=True)
class Agent:
    """The agent of one source of files. `machine` is the instance UUID of its machine."""

    name: str
    segment: str
    machine: str

    @property
    def value(self) -> dict[str, str]:
        """As the plan of a lab keeps it."""
        return asdict(self)


def agents_of(estate: Estate) -> tuple[Agent, ...]:
    """The agents that a lab of this estate has: of every source that lies on a machine."""
    found = []
    for source in estate.platform.file_sources:
        if source.machine is not None:
            system, machine = estate.machine_by_name[source.machine]
            found.append(Agent(source.client, system.segment, estate.instance_uuid(machine).lower()))
    return tuple(found)


@dataclass(frozen=True)
class GuestAgents:
    """The agents of one lab."""

    lab: LabPaths

    @property
    def paths(self) -> TapePaths:
        """The folders of its tape part."""
        return tape_paths(self.lab)

    def known(self) -> tuple[Agent, ...]:
        """The agents that the tape part was told about."""
        return tuple(Agent(**each) for each in read_json(self.paths.plan_file).get("agents", []))

    def process(self, name: str) -> BackgroundProcess:
        """The process of an agent, known by its configuration in the guest."""
        return BackgroundProcess(name, self.paths.root / "log", self.configuration(name))

    def configuration(self, name: str) -> Path:
        """Where its configuration lies in the guest; the lab's name keeps it apart from other labs' agents."""
        return CONFIGURATION / f"{self.lab.name}-{name}.conf"

    def follow(self, machine: str, pid: int) -> list[str]:
        """The guest of a machine runs as this PID 1: its agents run in it. Give a line per agent that was started."""
        mine = [each for each in self.known() if each.machine == machine]
        if not mine or not self._is_up():
            return []
        with locked(self.paths.root / "agents.lock"):
            return [f"started {each.name}" for each in mine if self._ensure(each, pid)]

    def leave(self, machine: str) -> None:
        """It has ended: an agent would keep its files mounted."""
        for each in self.known():
            if each.machine == machine:
                self.process(each.name).stop()

    def up(self, guests: Mapping[str, int | None]) -> list[str]:
        """Let the agents of all guests that run do so; `guests`: instance UUID -> PID 1."""
        return [
            line
            for machine in dict.fromkeys(each.machine for each in self.known())
            if (pid := guests.get(machine)) is not None
            for line in self.follow(machine, pid)
        ]

    def stop(self, but: Collection[Agent] = ()) -> bool:
        """End all, but not these; give whether any was running."""
        stopped = [self.process(each.name).stop() for each in self.known() if each not in but]
        return any(stopped)

    def _is_up(self) -> bool:
        """Whether the tape part runs; a lab that was brought up without it leaves its plan there."""
        log = self.paths.root / "log"
        return BackgroundProcess("bacula-dir", log, self.paths.config / "bacula-dir.conf").pid() is not None

    def _ensure(self, agent: Agent, pid: int) -> bool:
        process = self.process(agent.name)
        changed = self._install(agent, Path(f"/proc/{pid}/root"))
        running = process.pid()
        if running is not None and (changed or not _same_files(running, pid)):
            process.stop()
        port = int(read_json(self.paths.plan_file)["ports"][agent.name])
        loader = FOLDER / "lib" / "ld-linux-x86-64.so.2"
        command = [str(loader), "--library-path", str(FOLDER / "lib"), str(FOLDER / "bacula-fd")]
        return process.start(
            [*command, "-f", "-c", str(process.marker)],
            prefix=("nsenter", "--target", str(pid), "--mount", "--uts", "--"),
            environment={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL": "C.UTF-8",
                "OPENSSL_CONF": str(CONFIGURATION / "openssl.cnf"),
            },
            is_ready=lambda: _answers(port),
        )

    def _install(self, agent: Agent, root: Path) -> bool:
        """Put everything into a guest; give whether its configuration or keys differ from what was there."""
        software = root / FOLDER.relative_to("/")
        if not (software / "bacula-fd").exists():
            (software / "lib").mkdir(parents=True, exist_ok=True)
            for library in _libraries(self._program(), self._library_path()):
                shutil.copy2(library, software / "lib" / library.name)
            shutil.copy2(self._program(), software / "bacula-fd")
        program = REPOSITORY / "plugins/module_utils/tape/file_list.py"
        write_atomically(root / PROGRAM.lstrip("/"), program.read_bytes(), mode=0o755)
        for folder in (CONFIGURATION, Path(LISTS), Path(LISTS) / "working"):
            (root / folder.relative_to("/")).mkdir(parents=True, exist_ok=True, mode=0o700)
        changed = False
        for source in sorted((self.paths.config / "agents" / agent.name).iterdir()):
            target = self.configuration(agent.name) if source.name == "bacula-fd.conf" else CONFIGURATION / source.name
            file = root / target.relative_to("/")
            if not file.exists() or file.read_bytes() != source.read_bytes():
                write_atomically(file, source.read_bytes())
                changed = True
        return changed

    def _program(self) -> Path:
        return Path(read_json(self.paths.plan_file)["software"]) / "usr/sbin/bacula-fd"

    def _library_path(self) -> str:
        software = Path(read_json(self.paths.plan_file)["software"])
        folders = ("usr/lib/bacula", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
        return ":".join(str(software / each) for each in folders)


def _libraries(program: Path, library_path: str) -> list[Path]:
    """The libraries that a program needs, the loader among them."""
    done = subprocess.run(
        ["ldd", str(program)],
        env={"LD_LIBRARY_PATH": library_path, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if done.returncode or "not found" in done.stdout:
        raise LabError(f"ldd {program}: {done.stdout}{done.stderr}")
    return [Path(each) for each in _LIBRARY.findall(done.stdout)]


def _same_files(process: int, guest: int) -> bool:
    """Whether a process has the files of a guest, and not those of one that was restarted since."""
    with contextlib.suppress(OSError):
        mounts = [Path(f"/proc/{pid}/ns/mnt").stat().st_ino for pid in (process, guest)]
        return mounts[0] == mounts[1]
    return False


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
