"""A package mirror of a test's own, and a plain apt that uses it as a guest would."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.mirror.content import ensure_content
from lab.mirror.repository import Mirror
from lab.mirror.server import MirrorServer
from lab.paths import lab_paths

CHANNELS = ("test", "wave-1")
SUITES = "bookworm bookworm-security kyotsu"


def make_mirror(state_root: Path, segment: str = "lgwan") -> Mirror:
    """A mirror with the channels test and wave-1, both at the baseline."""
    mirror = Mirror(lab_paths("mirror", state_root), segment)
    mirror.ensure(ensure_content(), CHANNELS)
    return mirror


@contextmanager
def served(mirror: Mirror, address: str = "127.0.0.1") -> Iterator[str]:
    """The mirror's URL while it is served at a port of the kernel's choice."""
    server = MirrorServer(mirror)
    server.start(address, port=0)
    try:
        yield server.url().rstrip("/")
    finally:
        server.stop()


@dataclass(frozen=True)
class Apt:
    """apt with all its state in a folder, as if the packages of the mirror's baseline were installed."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, url: str, key: Path, installed: Path) -> Apt:
        """`installed`: the Packages files of this snapshot tell what is installed."""
        for place in ("lists/partial", "cache/archives/partial", "etc", "log"):
            (folder / place).mkdir(parents=True)
        status = ""
        for packages in sorted(installed.glob("dists/*/main/binary-*/Packages")):
            for entry in packages.read_text(encoding="utf-8").strip().split("\n\n"):
                lines = entry.splitlines()
                status += "\n".join([*lines[:1], "Status: install ok installed", *lines[1:]]) + "\n\n" if entry else ""
        (folder / "status").write_text(status, encoding="utf-8")
        apt = cls(folder)
        apt.use(url, key)
        return apt

    def use(self, url: str, key: Path) -> None:
        """Write the package source, trusted by this key only."""
        (self.folder / "etc/kyotsu.sources").write_text(
            f"Types: deb\nURIs: {url}\nSuites: {SUITES}\nComponents: main\nSigned-By: {key}\n", encoding="utf-8"
        )

    def run(self, *arguments: str, command: str = "apt-get") -> subprocess.CompletedProcess[str]:
        """Run apt-get or apt-cache; warnings of `update` count as errors."""
        options = {
            "Dir": str(self.folder),
            "Dir::State": str(self.folder),
            "Dir::State::Lists": "lists",
            "Dir::State::status": str(self.folder / "status"),
            "Dir::Cache": "cache",
            "Dir::Etc": str(self.folder / "etc"),
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": str(self.folder / "etc"),
            "Dir::Log": "log",
            "APT::Sandbox::User": "",
            "APT::Update::Error-Mode": "any",
            "Acquire::http::Proxy": "DIRECT",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return subprocess.run(
            [command, *given, *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def upgrades(self) -> dict[str, str]:
        """Package -> version that is offered in place of the installed one."""
        names = re.findall(r"^Package: (.+)$", (self.folder / "status").read_text(encoding="utf-8"), re.MULTILINE)
        answer = self.run("policy", *names, command="apt-cache")
        assert answer.returncode == 0, answer.stderr
        found = re.findall(r"^(\S+):\n  Installed: (.+)\n  Candidate: (.+)$", answer.stdout, re.MULTILINE)
        assert len(found) == len(names)
        return {name: candidate for name, installed, candidate in found if candidate != installed}
