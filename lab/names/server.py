"""NSD, the authoritative name server, at one address of one segment.

NSD because it answers from zone files as they are, is small, and never asks anybody else: a name that is not ours is
refused, as it must be in a lab that nothing can leave. It is unpacked into `.tools/`, not installed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.background_process import BackgroundProcess
from lab.debian_packages import ensure_unpacked, library_path
from lab.files import write_atomically
from lab.names.zone_files import zone_files
from lab.paths import TOOLS, LabPaths

_PACKAGES = ("nsd", "libevent-2.1-7", "libfstrm0", "libprotobuf-c1")

_CONFIG = """\
# Written when the lab starts.
server:
  ip-address: {address}
  # A guest that still boots will only have it in a moment.
  ip-freebind: yes
  port: {port}
  server-count: 1
  do-ip6: no
  # The process is started as the lab's user, in a network namespace of its own.
  username: ""
  chroot: ""
  zonesdir: "{zones}"
  database: ""
  pidfile: "{folder}/{name}.nsd.pid"
  zonelistfile: "{folder}/{name}.zonelist"
  xfrdfile: "{folder}/{name}.xfrd"
  xfrdir: "{folder}"
  hide-version: yes
  hide-identity: yes
  # Answers with an address of another segment are impossible, floods from the lab's own guests are not an attack.
  rrl-ratelimit: 0
  # The table for it would take 32 MB all the same.
  rrl-size: 16
  tcp-count: 8
remote-control:
  control-enable: no
"""
_ZONE = """\
zone:
  name: "{name}"
  zonefile: "{file}"
"""


@dataclass(frozen=True)
class NameServer:
    """The server at one address."""

    lab: LabPaths
    segment: str
    address: str
    port: int = 53

    @property
    def zones(self) -> Path:
        """The folder with the zone files of the segment (see zone_files.py)."""
        return names_folder(self.lab) / "zones" / self.segment

    @property
    def process(self) -> BackgroundProcess:
        """Its process: pid, log, stop."""
        return BackgroundProcess(f"nsd-{self.address}", names_folder(self.lab), self._config_file)

    def ensure(self, prefix: Sequence[str] = (), tools: Path = TOOLS) -> str:
        """Start it, or let it read what changed; `prefix` enters a network namespace.

        Gives "started", "reloaded" or "running". Its zone files must be there already.
        """
        root = ensure_unpacked("nsd", _PACKAGES, tools)
        config = self._config()
        known = self._config_file.read_bytes() if self._config_file.exists() else b""
        stamps = self._stamps()
        if config != known:
            # Zones came or went: NSD reads the list of its zones only when it starts.
            self.process.stop()
            write_atomically(self._config_file, config, mode=0o644)
        log = self.process.log_file
        skip = log.stat().st_size if log.exists() else 0
        command = [str(root / "usr/sbin/nsd"), "-d", "-c", str(self._config_file)]
        started = self.process.start(
            command,
            prefix=prefix,
            environment=library_path(root),
            is_ready=lambda: log.exists() and b"nsd started" in log.read_bytes()[skip:],
        )
        served = self._served_file.read_text(encoding="utf-8") if self._served_file.exists() else ""
        write_atomically(self._served_file, stamps.encode())
        pid = self.process.pid()
        if started or pid is None or served == stamps:
            return "started" if started else "running"
        os.kill(pid, signal.SIGHUP)
        return "reloaded"

    def reload(self) -> str:
        """Let it read what changed, in the network that it runs in; "stopped" if it does not run."""
        pid = self.process.pid()
        if pid is None:
            return "stopped"
        network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            return self.ensure(("nsenter", f"--net=/proc/{os.getpid()}/fd/{network}", "--"))
        finally:
            os.close(network)

    def stop(self) -> bool:
        """End it. Give whether it was running."""
        return self.process.stop()

    @property
    def _config_file(self) -> Path:
        return names_folder(self.lab) / f"{self.address}.conf"

    @property
    def _served_file(self) -> Path:
        """Which zone files were given to the server last."""
        return names_folder(self.lab) / f"{self.address}.served"

    def _config(self) -> bytes:
        text = _CONFIG.format(
            address=self.address,
            port=self.port,
            zones=self.zones,
            folder=names_folder(self.lab),
            name=self.address,
        )
        return (
            text + "".join(_ZONE.format(name=name, file=file) for name, file in zone_files(self.zones).items())
        ).encode()

    def _stamps(self) -> str:
        return "".join(f"{name} {file.stat().st_mtime_ns}\n" for name, file in zone_files(self.zones).items())


def names_folder(lab: LabPaths) -> Path:
    """The folder of a lab's name service."""
    return lab.root / "names"
