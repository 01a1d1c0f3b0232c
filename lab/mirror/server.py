"""Start, find and stop the HTTP server of a segment's mirror."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.background_process import BackgroundProcess
from lab.mirror.repository import Mirror

SERVE = Path(__file__).resolve().parent / "serve.py"
# The system's: the virtual environment may not be there where the server runs, and serve.py needs nothing of it.
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class MirrorServer:
    """The server of one mirror."""

    mirror: Mirror

    @property
    def process(self) -> BackgroundProcess:
        """Its process: pid, log, stop."""
        return BackgroundProcess("mirror", self.mirror.folder, self.mirror.root)

    def start(self, address: str, port: int = 80, prefix: Sequence[str] = (), *, before_address: bool = False) -> bool:
        """Serve at the address unless it is served; `prefix` enters a network namespace. Give whether started.

        With `before_address` nobody needs to have the address yet, as in a guest that still boots.
        """
        log = self.process.log_file
        skip = log.stat().st_size if log.exists() else 0
        ready = f"serving {self.mirror.root} at http://".encode()
        command = [PYTHON, "-I", str(SERVE), "--root", str(self.mirror.root), "--bind", address, "--port", str(port)]
        command += ["--before-address"] if before_address else []
        return self.process.start(
            command, prefix=prefix, is_ready=lambda: log.exists() and ready in log.read_bytes()[skip:]
        )

    def url(self) -> str:
        """What the server said last about where it serves."""
        lines = self.process.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.rpartition(" ")[2] for line in reversed(lines) if line.startswith("serving "))

    def stop(self) -> bool:
        """End the server. Give whether it was running."""
        return self.process.stop()
