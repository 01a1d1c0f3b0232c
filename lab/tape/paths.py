"""Where the tape part of a lab keeps its state: everything below `.lab/<name>/tape/`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.paths import LabPaths

# The most that Linux takes as the path of a socket; whoever makes it would say so in a log only.
SOCKET_BYTES = 107


@dataclass(frozen=True)
class TapePaths:
    """The folders of one lab's tape part."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """What `module_utils/tape` needs to reach this lab: the same file exists in production."""
        return self.root / "settings.json"

    @property
    def plan_file(self) -> Path:
        """Ports and sizes that were chosen at the first start."""
        return self.root / "plan.json"

    @property
    def library(self) -> Path:
        """The virtual library: library.json, cartridges/, drives/."""
        return self.root / "library"

    @property
    def config(self) -> Path:
        """Rendered configuration of the daemons and consoles."""
        return self.root / "config"

    @property
    def secrets(self) -> Path:
        """Generated passwords of daemons, consoles and database."""
        return self.root / "secrets"

    @property
    def keys(self) -> Path:
        """Key pair of each client and the master key."""
        return self.root / "keys"

    @property
    def jobs(self) -> Path:
        """One configuration file per backup job."""
        return self.root / "jobs"

    @property
    def streams(self) -> Path:
        """Job and status files of the stream program."""
        return self.root / "streams"

    @property
    def working(self) -> Path:
        """Where the director and the clients keep their state."""
        return self.root / "working"

    @property
    def storage_working(self) -> Path:
        """Where the storage daemon, another user, keeps its state."""
        return self.root / "storage"

    @property
    def scripts(self) -> Path:
        """mtx-changer and what else the daemons run."""
        return self.root / "scripts"

    @property
    def database(self) -> Path:
        """The catalogue's PostgreSQL cluster, its socket and its log."""
        return self.root / "postgresql"

    def check_socket(self, port: int) -> None:
        """Raise LabError where the catalogue's socket would have too long a path."""
        path = self.database / f".s.PGSQL.{port}"
        excess = len(os.fsencode(path)) - SOCKET_BYTES
        if excess > 0:
            raise LabError(f"{path}: {excess} bytes too long for a socket; give the lab a shorter name or folder")


def tape_paths(lab: LabPaths) -> TapePaths:
    """Give the folders of a lab's tape part."""
    return TapePaths(lab.root / "tape")
