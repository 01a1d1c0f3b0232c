"""One simulator process: start, find, stop."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.control import Control
from lab.errors import LabError
from lab.files import read_json, write_json

START_SECONDS = 120
STOP_SECONDS = 10
_SHOWN_SECONDS = 5
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class SimulatorProcess:
    """The process of one vCenter, known by its folder."""

    vcenter: str
    folder: Path

    @property
    def config_file(self) -> Path:
        """What the process is started with."""
        return self.folder / "config.json"

    @property
    def log_file(self) -> Path:
        """Where the process writes."""
        return self.folder / "simulator.log"

    @property
    def control_socket(self) -> Path:
        """The socket of the control API."""
        return self.folder / "control.sock"

    @property
    def journal_file(self) -> Path:
        """What brings the world back."""
        return self.folder / "journal"

    @property
    def control(self) -> Control:
        """The client of the control API."""
        return Control(self.control_socket)

    def pid(self) -> int | None:
        """Give the pid if the process runs. A number in a file is not believed: the command line must be ours."""
        pid = read_json(self.folder / "pid.json").get("pid")
        if not isinstance(pid, int) or not _runs_with(pid, self.config_file):
            return None
        return pid

    def start(self, binary: Path, config: dict[str, Any]) -> None:
        """Start the process; it is ready only after wait_until_ready."""
        write_json(self.config_file, config)
        self.control_socket.unlink(missing_ok=True)
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                [str(binary), "-config", str(self.config_file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        # For an instant after the start the kernel shows an empty command line.
        _wait(lambda: process.poll() is not None or _runs_with(process.pid, self.config_file), _SHOWN_SECONDS)
        process.returncode = 0  # it outlives this command on purpose: no warning when the object goes
        write_json(self.folder / "pid.json", {"pid": process.pid, "binary": binary.name})

    def binary_name(self) -> str:
        """Give the name of the binary that was started last."""
        return str(read_json(self.folder / "pid.json").get("binary", ""))

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait for the health endpoint and give its answer."""
        answer: dict[str, Any] = {}

        def ready() -> bool:
            nonlocal answer
            if self.pid() is None:
                raise LabError(f"{self.vcenter} ended while it started; {self.log_file} says:\n{self._last_lines()}")
            if not self.control_socket.exists():
                return False
            try:
                answer = self.control.health()
            except LabError:
                return False
            return True

        if not _wait(ready, START_SECONDS):
            raise LabError(f"{self.vcenter} is not ready after {START_SECONDS} s; see {self.log_file}")
        return answer

    def stop(self) -> bool:
        """End the process: SIGTERM, then SIGKILL. Give whether it was running."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        if not _wait(lambda: self._gone(pid), STOP_SECONDS):
            os.kill(pid, signal.SIGKILL)
            if not _wait(lambda: self._gone(pid), STOP_SECONDS):
                raise LabError(f"{self.vcenter}: process {pid} does not end")
        return True

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would; for tests."""
        pid = self.pid()
        if pid is None:
            raise LabError(f"{self.vcenter} is not running")
        os.kill(pid, signal.SIGKILL)
        if not _wait(lambda: self._gone(pid), STOP_SECONDS):
            raise LabError(f"{self.vcenter}: process {pid} does not end")

    def resident_bytes(self) -> int:
        """Give the memory that the process holds, 0 if it does not run."""
        pid = self.pid()
        if pid is None:
            return 0
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def _gone(self, pid: int) -> bool:
        with contextlib.suppress(ChildProcessError):  # not a child of this command: the system reaps it
            os.waitpid(pid, os.WNOHANG)
        return not _runs_with(pid, self.config_file)

    def _last_lines(self) -> str:
        if not self.log_file.exists():
            return "(nothing)"
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def _runs_with(pid: int, config_file: Path) -> bool:
    """Tell whether a process runs that was started with this very config file (a zombie has no command line)."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(config_file) in arguments


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
