"""A process of the lab that runs on when its command has ended: start it, find it again, end it.

It is known by a marker: a path of the lab that stands in its command line. A number in a file is never believed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.files import read_json, write_json

START_SECONDS = 20
STOP_SECONDS = 10
_SHOWN_SECONDS = 5
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class BackgroundProcess:
    """One process, known by its folder and a marker in its command line."""

    name: str
    folder: Path
    marker: Path

    @property
    def log_file(self) -> Path:
        """Where the process writes."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid.json"

    def pid(self) -> int | None:
        """Give the pid if the process runs."""
        pid = read_json(self._pid_file).get("pid")
        return pid if isinstance(pid, int) and _runs_with(pid, self.marker) else None

    def start(
        self,
        command: Sequence[str],
        *,
        is_ready: Callable[[], bool],
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> bool:
        """Start the process unless it runs, and wait until it is ready. Give whether it was started.

        Raises LabError with its last lines if it ends or is not ready in time. For `prefix` see launch.
        """
        if not self.launch(command, prefix=prefix, environment=environment):
            return False
        self.wait_until_ready(is_ready, START_SECONDS)
        return True

    def launch(
        self, command: Sequence[str], *, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> bool:
        """Start the process unless it runs, without waiting until it is ready. Give whether it was started.

        `prefix` stands before the command, for example `("ip", "netns", "exec", "lab")` or
        `("nsenter", "--target", "4711", "--net")`: it must replace itself by the command, as these two do.
        """
        if self.pid() is not None:
            return False
        if str(self.marker) not in command:
            raise LabError(f"{self.name}: {self.marker} must stand in the command, else it is not found again")
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                [*prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
            )
        write_json(self._pid_file, {"pid": process.pid})
        # For an instant after the start the kernel shows an empty command line, or that of the prefix.
        # Whether it has ended is looked up, not asked by poll: that would take its exit code away.
        wait_for(lambda: _has_ended(process.pid) or _runs_with(process.pid, self.marker), _SHOWN_SECONDS)
        process.returncode = 0  # it outlives this command on purpose: no warning when the object goes
        return True

    def wait_until_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait until what was launched is ready. Raises LabError with its last lines if that does not come."""
        ended = False

        def is_decided() -> bool:
            nonlocal ended
            ended = self.pid() is None and _has_ended(read_json(self._pid_file).get("pid"))
            return ended or is_ready()

        if not wait_for(is_decided, seconds):
            self.stop()
            raise LabError(f"{self.name} is not ready after {seconds:g} s; {self.log_file} says:\n{self._last()}")
        if ended:
            raise LabError(f"{self.name} {self._ending()} while it started; {self.log_file} says:\n{self._last()}")

    def stop(self) -> bool:
        """End the process: SIGTERM, then SIGKILL to all that it started. Give whether it was running."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        if not wait_for(lambda: self._gone(pid), STOP_SECONDS):
            os.killpg(pid, signal.SIGKILL)
            if not wait_for(lambda: self._gone(pid), STOP_SECONDS):
                raise LabError(f"{self.name}: process {pid} does not end")
        return True

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would; for tests."""
        pid = self.pid()
        if pid is None:
            raise LabError(f"{self.name} is not running")
        os.kill(pid, signal.SIGKILL)
        if not wait_for(lambda: self._gone(pid), STOP_SECONDS):
            raise LabError(f"{self.name}: process {pid} does not end")

    def resident_bytes(self) -> int:
        """Give the memory that the process holds, 0 if it does not run."""
        pid = self.pid()
        if pid is None:
            return 0
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def _ending(self) -> str:
        """How it ended, as far as this command is its parent."""
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(read_json(self._pid_file)["pid"], os.WNOHANG)
            if pid:
                return f"ended with {os.waitstatus_to_exitcode(status)}"
        return "ended"

    def _gone(self, pid: int) -> bool:
        with contextlib.suppress(ChildProcessError):  # not a child of this command: the system reaps it
            os.waitpid(pid, os.WNOHANG)
        return not _runs_with(pid, self.marker)

    def _last(self) -> str:
        if not self.log_file.exists():
            return "(nothing)"
        return "\n".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]) or "(nothing)"


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds; give whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _has_ended(pid: int | None) -> bool:
    """Whether a process is gone or a zombie. Its command line is no proof: it is empty while a program replaces it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in {"Z", "X"}


def _runs_with(pid: int, marker: Path) -> bool:
    """Whether a process runs that has this very path among its arguments (a zombie has no command line)."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(marker) in arguments
