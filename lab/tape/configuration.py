"""Configuration of the tape software, rendered from the templates that production uses too."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_list import LISTS
from lab.certificates import Certificate, ensure_server_certificate
from lab.files import write_atomically, write_json
from lab.passwords import ensure_password
from lab.paths import REPOSITORY
from lab.tape import catalogue_server
from lab.tape.agents import CONFIGURATION, Agent
from lab.tape.keys import ensure_key_pair
from lab.tape.paths import TapePaths
from lab.tape.users import STORAGE_GROUP, STORAGE_USER, give

TEMPLATES = REPOSITORY / "roles/backup_server/templates"
HERE = Path(__file__).resolve().parent
SEGMENTS = ("internet", "lgwan", "mynumber")
LIBRARY, STANDALONE = "library", "standalone"
MEDIA_TYPE = "LTO-8"
# 12 TB and 100 GB of an LTO-8 drive, at 1:12,000 as the lab's tapes are short.
CAPACITY_BYTES = 1_000_000_000
FILE_BYTES = 64_000_000
STREAMS_PER_DRIVE = 5

_OPERATING = (
    "status",
    ".status",
    "messages",
    "list",
    "llist",
    "run",
    "cancel",
    "wait",
    "mount",
    "unmount",
    "release",
    "restore",
    ".jobs",
    "reload",
    "version",
    "quit",
    "exit",
)
CONSOLES: tuple[dict[str, Any], ...] = (
    {
        "name": "automation",
        "purpose": "Backup, copy, read-back, restore. It cannot purge, prune, delete, relabel or update anything.",
        "commands": _OPERATING,
    },
    {
        "name": "operator",
        "purpose": "For people: looks, mounts and unmounts.",
        "commands": ("status", ".status", "messages", "list", "mount", "unmount", "release", "version", "quit", "exit"),
    },
    {
        "name": "library",
        "purpose": "New labels and what is in which slot.",
        "commands": ("label", "update", "status", ".status", "list", "messages", "mount", "unmount", "release", "quit"),
    },
    {
        "name": "release",
        "purpose": "Used by the audited release command alone: it frees a tape after our policy has said so.",
        "commands": (
            "purge",
            "delete",
            "label",
            "update",
            "list",
            "status",
            ".status",
            "mount",
            "unmount",
            "release",
            "quit",
        ),
    },
)


@dataclass(frozen=True)
class TapeChoice:
    """What a lab's tape part is made of. Sizes in bytes."""

    pools: tuple[dict[str, str], ...]
    tapes: int = 12
    capacity_bytes: int = CAPACITY_BYTES
    file_bytes: int = FILE_BYTES
    streams_per_drive: int = STREAMS_PER_DRIVE


def default_pools() -> tuple[dict[str, str], ...]:
    """A pool on site and one off site per segment, and for each group of confidentiality of platform/backup.yml."""
    pools = []
    for segment in SEGMENTS:
        for suffix in ("", "-c2", "-c3"):
            offsite = f"{segment}{suffix}-offsite"
            pools += [{"name": f"{segment}{suffix}-onsite", "next_pool": offsite}, {"name": offsite, "next_pool": ""}]
    return tuple(pools)


@dataclass(frozen=True)
class Configuration:
    """Writes everything below config/, and settings.json for clients."""

    paths: TapePaths
    software: Path
    authority: Certificate

    def write(self, choice: TapeChoice, ports: dict[str, int], agents: Sequence[Agent] = ()) -> bool:
        """Render. Give whether anything differs from what was there."""
        for folder in (self.paths.config, self.paths.secrets, self.paths.jobs, self.paths.streams, self.paths.working):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.paths.storage_working, self.paths.config / "storage"):
            folder.mkdir(parents=True, exist_ok=True)
            give(folder, STORAGE_USER, STORAGE_GROUP)
        self.paths.config.chmod(0o711)
        self.paths.root.chmod(0o755)
        if not (self.paths.jobs / "none.conf").exists():
            write_atomically(self.paths.jobs / "none.conf", b"# A job's file stands beside this one.\n")
        self._scripts()
        tape = self._variables(choice, ports, agents)
        environment = Environment(  # noqa: S701  # configuration files, not pages: nothing to escape (2026-11-24)
            loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
        )
        files: dict[str, tuple[str, dict[str, Any]]] = {
            "bacula-dir.conf": ("bacula-dir.conf.j2", {}),
            "storage/bacula-sd.conf": ("bacula-sd.conf.j2", {}),
            "storage/openssl.cnf": ("openssl.cnf.j2", {}),
            **{f"{each['name']}.conf": ("bacula-fd.conf.j2", {"client": each}) for each in tape["clients"]},
            **{f"bconsole-{each['name']}.conf": ("bconsole.conf.j2", {"console": each}) for each in tape["consoles"]},
        }
        changed = False
        for name, (template, more) in files.items():
            text = environment.get_template(template).render(tape=tape, **more).encode()
            target = self.paths.config / name
            if not target.exists() or target.read_bytes() != text:
                write_atomically(target, text)
                changed = True
        for name in ("storage/bacula-sd.conf", "storage/openssl.cnf"):
            give(self.paths.config / name, STORAGE_USER, STORAGE_GROUP)
        for agent in agents:
            self._agent(environment, tape, agent)
        write_json(self.paths.settings_file, self._settings(tape, agents))
        return changed

    def _agent(self, environment: Environment, tape: dict[str, Any], agent: Agent) -> None:
        """What an agent has in its guest: no key but its own; of the segment's and the master key the certificates."""
        (client,) = [each for each in tape["agents"] if each["name"] == agent.name]
        certificate = Path(tape["tls"]["certificate_files"][agent.name])
        folder = self.paths.config / "agents" / agent.name
        folder.mkdir(parents=True, exist_ok=True)
        contents = {
            "ca.pem": Path(tape["tls"]["ca_file"]),
            f"{agent.name}.tls.pem": certificate,
            f"{agent.name}.tls.key": Path(tape["tls"]["key_files"][agent.name]),
            f"{agent.name}.pem": ensure_key_pair(self.paths.keys, agent.name),
            f"{agent.segment}-fd.cert.pem": self.paths.keys / f"{agent.segment}-fd.cert.pem",
            "master.cert.pem": self.paths.keys / "master.cert.pem",
            "openssl.cnf": self.paths.config / "storage/openssl.cnf",
        }
        for name, source in contents.items():
            write_atomically(folder / name, source.read_bytes())
        there = CONFIGURATION
        inside = {
            **tape,
            "plugins": "",
            "tls": {
                "ca_file": str(there / "ca.pem"),
                "certificate_files": {agent.name: str(there / f"{agent.name}.tls.pem")},
                "key_files": {agent.name: str(there / f"{agent.name}.tls.key")},
            },
        }
        text = environment.get_template("bacula-fd.conf.j2").render(tape=inside, client=client)
        write_atomically(folder / "bacula-fd.conf", text.encode())

    def _scripts(self) -> None:
        """The production script, with the paths that it hard-codes turned to this lab's."""
        self.paths.scripts.mkdir(parents=True, exist_ok=True)
        self.paths.scripts.chmod(0o755)
        for name in ("mtx", "mt"):
            shutil.copy2(HERE / name, self.paths.scripts / name)
        program = (REPOSITORY / "plugins/module_utils/tape/stream.py").read_text(encoding="utf-8")
        write_atomically(self.paths.scripts / "tape-stream", f"#!/usr/bin/python3 -I\n{program}".encode(), mode=0o755)
        source = self.software / "etc/bacula/scripts"
        shutil.copy2(source / "query.sql", self.paths.scripts / "query.sql")
        conf = (source / "mtx-changer.conf").read_text(encoding="utf-8")
        write_atomically(
            self.paths.scripts / "mtx-changer.conf", f'PATH="{self.paths.scripts}:$PATH"\n{conf}'.encode(), mode=0o644
        )
        text = (source / "mtx-changer").read_text(encoding="utf-8")
        for old, new in (
            ("/etc/bacula/scripts/mtx-changer.conf", str(self.paths.scripts / "mtx-changer.conf")),
            ("/var/lib/bacula", str(self.paths.storage_working)),
            # It waits for the drive after a failed movement, too; the lab's drives are ready at once.
            ("while [ $i -le 300 ]", "while [ $i -le 5 ]"),
            ("MTX=/usr/sbin/mtx", f"MTX={self.paths.scripts}/mtx"),
        ):
            if old not in text:
                raise ValueError(f"mtx-changer has changed: {old} is not in it")
            text = text.replace(old, new)
        write_atomically(self.paths.scripts / "mtx-changer", text.encode(), mode=0o755)

    def _variables(self, choice: TapeChoice, ports: dict[str, int], agents: Sequence[Agent]) -> dict[str, Any]:
        clients = [f"{segment}-fd" for segment in SEGMENTS]
        certificates = {}
        for owner in ("director", "storage", "console", *clients, *(each.name for each in agents)):
            folder = self.paths.config / "storage" if owner == "storage" else self.paths.config / "tls" / owner
            certificates[owner] = ensure_server_certificate(folder, [owner], self.authority, also_client=True)
        for file in (certificates["storage"].certificate_file, certificates["storage"].key_file):
            give(file, STORAGE_USER, STORAGE_GROUP)
        ca_file = self.paths.config / "ca.pem"
        if not ca_file.exists() or ca_file.read_bytes() != self.authority.certificate_file.read_bytes():
            write_atomically(ca_file, self.authority.certificate_file.read_bytes(), mode=0o644)
        names = ("director", "storage", *clients, *(each.name for each in agents), *(each["name"] for each in CONSOLES))
        ensure_key_pair(self.paths.keys, "master")
        capacity = {
            "media_type": MEDIA_TYPE,
            "capacity_bytes": choice.capacity_bytes,
            "streams_per_drive": choice.streams_per_drive,
        }
        for client in clients:
            (self.paths.working / client).mkdir(exist_ok=True)
        return {
            "listen": "127.0.0.1",
            "director_address": "localhost",
            "storage_address": "localhost",
            "ports": {"director": ports["director"], "storage": ports["storage"]},
            "scripts": str(self.paths.scripts),
            "working": str(self.paths.working),
            "storage_working": str(self.paths.storage_working),
            "jobs_folder": str(self.paths.jobs),
            "plugins": str(self.software / "usr/lib/bacula"),
            "passwords": {name: ensure_password(self.paths.secrets / f"{name}.password") for name in names},
            "tls": {
                "ca_file": str(ca_file),
                "certificate_files": {owner: str(each.certificate_file) for owner, each in certificates.items()},
                "key_files": {owner: str(each.key_file) for owner, each in certificates.items()},
            },
            "database": {
                "name": catalogue_server.DATABASE,
                "user": catalogue_server.OWNER,
                "password": ensure_password(self.paths.secrets / f"catalogue-{catalogue_server.OWNER}"),
                "host": str(self.paths.database),
                "port": catalogue_server.PORT,
            },
            "consoles": CONSOLES,
            "libraries": [
                {
                    "name": LIBRARY,
                    "changer": str(self.paths.library),
                    "changer_command": str(self.paths.scripts / "mtx-changer"),
                    "drives": [
                        {"name": f"drive-{number}", "device": str(self.paths.library / "drives" / str(number))}
                        for number in (0, 1)
                    ],
                    **capacity,
                }
            ],
            "standalone_drives": [
                {"name": STANDALONE, "device": str(self.paths.root / STANDALONE / "drive"), **capacity}
            ],
            "device_type": "VTape",
            # A tape that cannot be opened for writing becomes a request for another one after so long.
            "device_options": ["Maximum Open Wait = 10 seconds"],
            "file_bytes": choice.file_bytes,
            "clients": [
                {
                    "name": client,
                    "address": "localhost",
                    "port": ports[client],
                    "working": str(self.paths.working / client),
                    "key_pair_file": str(ensure_key_pair(self.paths.keys, client)),
                    "master_key_files": [str(self.paths.keys / "master.cert.pem")],
                }
                for client in clients
            ],
            "agents": [
                {
                    "name": each.name,
                    "address": "localhost",
                    "port": ports[each.name],
                    "working": f"{LISTS}/working",
                    "key_pair_file": str(CONFIGURATION / f"{each.name}.pem"),
                    "master_key_files": [
                        str(CONFIGURATION / f"{each.segment}-fd.cert.pem"),
                        str(CONFIGURATION / "master.cert.pem"),
                    ],
                }
                for each in agents
            ],
            "pools": choice.pools,
        }

    def _settings(self, tape: dict[str, Any], agents: Sequence[Agent]) -> dict[str, Any]:
        """What clients read: the shape is that of `TapeSettings` in module_utils/tape/settings.py."""
        libraries = ":".join(
            str(self.software / each) for each in ("usr/lib/bacula", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
        )
        return {
            "programs": str(self.software / "usr/sbin"),
            "library_path": libraries,
            "consoles": {each["name"]: str(self.paths.config / f"bconsole-{each['name']}.conf") for each in CONSOLES},
            "database": {
                "host": str(self.paths.database),
                "port": catalogue_server.PORT,
                "name": catalogue_server.DATABASE,
                "user": catalogue_server.READER,
                "password_file": str(self.paths.secrets / f"catalogue-{catalogue_server.READER}"),
            },
            "jobs_folder": str(self.paths.jobs),
            "streams_folder": str(self.paths.streams),
            "stream_program": str(self.paths.scripts / "tape-stream"),
            "clients": {segment: f"{segment}-fd" for segment in SEGMENTS},
            "pools": {each["name"]: each["next_pool"] for each in tape["pools"]},
            "library": {
                "storage": LIBRARY,
                "changer": str(self.paths.library),
                "mtx": str(self.paths.scripts / "mtx"),
                "mt": str(self.paths.scripts / "mt"),
                "drives": [each["device"] for each in tape["libraries"][0]["drives"]],
            },
            "standalone": [each["name"] for each in tape["standalone_drives"]],
            "ports": {"storage": tape["ports"]["storage"], "director": tape["ports"]["director"]},
            "client_configurations": {
                each["name"]: str(self.paths.config / f"{each['name']}.conf") for each in tape["clients"]
            },
            "agents": {each.name: f"{each.segment}-fd" for each in agents},
        }
