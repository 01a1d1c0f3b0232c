"""Start and stop the guests of a lab: image, namespaces, manager."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab.background_process import BackgroundProcess
from lab.errors import LabError
from lab.guests import requirements
from lab.guests.client import ManagerClient
from lab.guests.image import ensure_image
from lab.guests.namespaces import ensure_namespaces, remove_namespaces
from lab.guests.plan import GuestPlan
from lab.guests.runtime import Runtime
from lab.guests.settings import GuestPaths, Settings, guest_paths, namespace_name
from lab.paths import REPOSITORY, LabPaths

_AT_A_TIME = 4
_PYTHON_PATH = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "collections")])


@dataclass(frozen=True)
class Guests:
    """The guests of one lab."""

    lab: LabPaths

    @property
    def paths(self) -> GuestPaths:
        """Their folders."""
        return guest_paths(self.lab)

    @property
    def namespace(self) -> str:
        """The lab's network namespace: whoever wants to be in the lab's network runs in it (ip netns exec)."""
        return namespace_name(self.lab)

    @property
    def process(self) -> BackgroundProcess:
        """The manager's process."""
        return BackgroundProcess("manager", self.paths.root, self.paths.root)

    @property
    def client(self) -> ManagerClient:
        """Calls to the manager."""
        return ManagerClient(self.paths.socket)

    @property
    def known_hosts(self) -> Path:
        """The host keys that the guests have told through vCenter."""
        return self.lab.root / "known_hosts"

    def prepare(self, plan: GuestPlan, controls: Mapping[str, Path], say: Callable[[str], None] = print) -> None:
        """Start the manager, or another one in its place if the plan has changed. Guests that run go on."""
        lacking = requirements.missing()
        if lacking:
            raise LabError("\n  ".join(["guests cannot run on this machine (GUESTS=none starts without):", *lacking]))
        settings = Settings(
            namespace=self.namespace,
            image=str(ensure_image(say=say, first_boot=plan.first_boot)),
            known_hosts=str(self.known_hosts),
            controls={vcenter: str(path) for vcenter, path in controls.items()},
            networks=plan.networks,
            flows=plan.flows,
            machines=plan.machines,
        )
        self.paths.root.mkdir(parents=True, exist_ok=True)
        if self.paths.settings_file.exists() and Settings.read(self.paths.settings_file) != settings:
            self.process.stop()
        settings.write(self.paths.settings_file)
        (self.paths.root / "namespace").write_text(f"{self.namespace}\n", encoding="utf-8")
        if not ensure_namespaces(self.namespace, self.paths.mount_namespace):
            self.process.stop()  # it worked in namespaces that are gone
        self._start(say)

    def _start(self, say: Callable[[str], None]) -> None:
        self.paths.runtime.mkdir(parents=True, exist_ok=True)
        started = self.process.start(
            [sys.executable, "-m", "lab.guests", str(self.paths.root)],
            prefix=["nsenter", f"--mount={self.paths.mount_namespace}", "--"],
            environment={**os.environ, "PYTHONPATH": _PYTHON_PATH, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
            is_ready=self.client.answers,
        )
        for line in requirements.limits() if started else ():
            say(f"note    {line}")
        say(f"{'started' if started else 'running'} guest manager  {self.process.log_file}")

    def stop(self) -> bool:
        """End the manager and every guest; disks stay. Give whether there was anything to end."""
        was_running = self.process.stop()
        if self.paths.mount_namespace.exists():
            self._end_containers()
            was_running = True
        remove_namespaces(self.namespace, self.paths.mount_namespace)
        self._remove_cgroups()
        return was_running

    def _end_containers(self) -> None:
        """Kill what the runtime knows, all at once. The mounts end with their namespace."""
        runtime = Runtime(self.paths.runtime)
        names = runtime.names()
        for name in names:
            pid = runtime.pid(name)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            list(pool.map(runtime.delete, names))

    def _remove_cgroups(self) -> None:
        root = Path("/sys/fs/cgroup")
        for folder in [root, *(path for path in root.iterdir() if path.is_dir())]:
            group = folder / self.namespace
            if group.is_dir():
                for path in [*(each for each in group.iterdir() if each.is_dir()), group]:
                    path.rmdir()
