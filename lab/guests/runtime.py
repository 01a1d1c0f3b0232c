"""runc: make, start, ask, end. One object per lab; containers are known by their ids."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.guests.commands import run


@dataclass(frozen=True)
class Runtime:
    """runc with a state folder of the lab's own."""

    folder: Path

    def create(self, name: str, bundle: Path) -> int:
        """Make a container that waits before its first instruction; give the pid of its PID 1."""
        pid_file = bundle / "pid"
        pid_file.unlink(missing_ok=True)
        # The container keeps runc's standard streams: a pipe of ours would never end.
        with (bundle / "runc.log").open("ab") as log:
            self._start(["create", "--bundle", str(bundle), "--pid-file", str(pid_file), name], log.fileno(), bundle)
        return int(pid_file.read_text(encoding="utf-8"))

    def _start(self, arguments: list[str], output: int, bundle: Path) -> None:
        import subprocess

        command = ["runc", "--root", str(self.folder), "--log", str(bundle / "runc-errors.log"), *arguments]
        errors = bundle / "runc-errors.log"
        errors.unlink(missing_ok=True)
        finished = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, timeout=60
        )
        if finished.returncode:
            said = errors.read_text(encoding="utf-8", errors="replace").strip() if errors.exists() else ""
            raise LabError(f"runc {arguments[0]}: {said.splitlines()[-1] if said else finished.returncode}")

    def start(self, name: str) -> None:
        """Let a container that was made run."""
        self._run("start", name)

    def kill(self, name: str, signal: str) -> None:
        """Send a signal to a container's PID 1."""
        self._run("kill", name, signal)

    def delete(self, name: str) -> None:
        """Kill whatever runs of a container and forget it."""
        if (self.folder / name).exists():
            self._run("delete", "--force", name)

    def update(self, name: str, resources: dict[str, Any]) -> None:
        """Give a running container other limits."""
        limits = {key: resources[key] for key in ("cpu", "memory")}
        run(["runc", "--root", str(self.folder), "update", "--resources", "-", name], given=json.dumps(limits))

    def execute(self, name: str, *command: str, seconds: float = 60.0) -> str:
        """Run a command in a container and give its output. Raises LabError if it fails."""
        return run(["runc", "--root", str(self.folder), "exec", name, *command], seconds=seconds)

    def pid(self, name: str) -> int | None:
        """Give the pid of a container's PID 1; None if it does not run."""
        state = self.folder / name / "state.json"
        try:
            value = json.loads(state.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        pid = int(value["init_process_pid"])
        return pid if _started(pid) == int(value["init_process_start"]) else None

    def names(self) -> list[str]:
        """Give the ids of all containers."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def _run(self, *arguments: str) -> None:
        run(["runc", "--root", str(self.folder), *arguments])


def _started(pid: int) -> int | None:
    """Give when a process was started, in clock ticks; None if it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
