"""How to reach the tape software of one segment's backup server; in production written by hand (docs/production.md)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import SettingsMissing


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The catalogue, for reading. `host` is a name, or the folder of a socket."""

    host: str
    port: int
    name: str
    user: str
    password_file: str


class LibrarySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A library: its storage resource, the changer's device, mtx and mt, the drives' devices in the robot's order."""

    storage: str
    changer: str
    mtx: str
    mt: str
    drives: tuple[str, ...]


class PortSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the daemons listen."""

    storage: int
    director: int


class TapeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a client of the tape software needs.

    `consoles`: console -> configuration of bconsole. `clients`: segment -> client. `pools`: pool -> pool of its copies
    or "". `standalone`: storage resources of drives that people load. `client_configurations`: client -> its own
    configuration, which names its key. `agents`: client that reads files inside a machine -> client whose key opens
    them.
    """

    programs: str
    library_path: str
    consoles: dict[str, str]
    database: DatabaseSettings
    jobs_folder: str
    streams_folder: str
    stream_program: str
    clients: dict[str, str]
    pools: dict[str, str]
    library: LibrarySettings
    standalone: tuple[str, ...]
    ports: PortSettings
    client_configurations: dict[str, str] = {}  # msgspec gives each its own
    agents: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path) -> TapeSettings:
        """Read the file. SettingsMissing if it is not there or not such a file."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError) as error:
            raise SettingsMissing(f"{path}: {error}; in the lab run make lab-up TAPE=yes") from error

    def environment(self) -> dict[str, str]:
        """The environment in which the programs run: nothing of the caller's but where their libraries are."""
        found: dict[str, Any] = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        if self.library_path:
            found["LD_LIBRARY_PATH"] = self.library_path
        return found | {"TZ": os.environ["TZ"]} if "TZ" in os.environ else found

    def program(self, name: str) -> str:
        """The path of a program of the tape software."""
        return str(Path(self.programs) / name)
