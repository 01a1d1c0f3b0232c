"""One simulator process: start, find, stop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.background_process import BackgroundProcess
from lab.control import Control
from lab.errors import LabError
from lab.files import read_json, write_json

# A large world comes back from its journal.
START_SECONDS = 120


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
        return self._process.log_file

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

    @property
    def _process(self) -> BackgroundProcess:
        return BackgroundProcess("simulator", self.folder, self.config_file)

    @property
    def _binary_file(self) -> Path:
        return self.folder / "binary.json"

    def pid(self) -> int | None:
        """Give the pid if the process runs."""
        return self._process.pid()

    def start(self, binary: Path, config: dict[str, Any]) -> None:
        """Start the process; it is ready only after wait_until_ready."""
        write_json(self.config_file, config)
        self.control_socket.unlink(missing_ok=True)
        self._process.launch([str(binary), "-config", str(self.config_file)])
        write_json(self._binary_file, {"name": binary.name})

    def binary_name(self) -> str:
        """Give the name of the binary that was started last."""
        return str(read_json(self._binary_file).get("name", ""))

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait for the health endpoint and give its answer."""
        answer: dict[str, Any] = {}

        def ready() -> bool:
            nonlocal answer
            if not self.control_socket.exists():
                return False
            try:
                answer = self.control.health()
            except LabError:
                return False
            return True

        self._process.wait_until_ready(ready, START_SECONDS)
        return answer

    def stop(self) -> bool:
        """End the process: SIGTERM, then SIGKILL. Give whether it was running."""
        return self._process.stop()

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would; for tests."""
        self._process.kill()

    def resident_bytes(self) -> int:
        """Give the memory that the process holds, 0 if it does not run."""
        return self._process.resident_bytes()
