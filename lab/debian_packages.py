"""Packages of the machine's own Debian archive: which versions it offers, fetched or unpacked without installing them.

apt's lists and cache stand in `.tools/apt/`, so that no root is needed and nothing of the machine changes; the sources
are those of the machine. Needs Debian 12: what is fetched runs in Debian 12 guests.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.files import locked
from lab.paths import TOOLS

RELEASE = "bookworm"
_SECONDS = 300


@dataclass(frozen=True)
class Offer:
    """One version of a package that the archive has, and the suites that have it ("bookworm", "bookworm-security")."""

    version: str
    suites: tuple[str, ...]


class Archive:
    """apt with lists and cache of its own."""

    def __init__(self, tools: Path = TOOLS) -> None:
        self._folder = tools / "apt"

    def offers(self, packages: Sequence[str]) -> dict[str, tuple[Offer, ...]]:
        """Package -> its versions, newest first. LabError if the archive does not know one."""
        self._ensure_lists()
        return self._madison(packages)

    def fetch(self, versions: Mapping[str, str], folder: Path) -> list[Path]:
        """Download `package -> version` into the folder and give the files; lists are refreshed once if one is gone."""
        self._ensure_lists()
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [f"{package}={version}" for package, version in sorted(versions.items())]
        answer = self._run(["apt-get", "download", *wanted], folder)
        if answer.returncode:
            self._refresh()
            answer = self._run(["apt-get", "download", *wanted], folder)
        if answer.returncode:
            raise LabError(f"apt-get download {' '.join(wanted)} failed:\n{answer.stdout}{answer.stderr}".rstrip())
        return sorted(folder.glob("*.deb"))

    def _madison(self, packages: Sequence[str]) -> dict[str, tuple[Offer, ...]]:
        answer = self._run(["apt-cache", "madison", *packages])
        suites: dict[str, dict[str, list[str]]] = {package: {} for package in packages}
        for line in answer.stdout.splitlines():
            package, version, source = (part.strip() for part in line.split("|"))
            if source.endswith(" Packages"):
                suites[package].setdefault(version, []).append(source.split()[1].partition("/")[0])
        missing = [package for package in packages if not suites[package]]
        if missing:
            raise LabError(f"the Debian archive does not offer {', '.join(missing)}; is this machine Debian 12?")
        return {
            package: tuple(Offer(version, tuple(sorted(set(names)))) for version, names in offers.items())
            for package, offers in suites.items()
        }

    def _ensure_lists(self) -> None:
        if shutil.which("apt-get") is None:
            raise LabError("apt-get is missing: the package mirror and the name service of the lab need Debian 12")
        with locked(self._folder.parent / "apt.lock"):
            if not list(self._folder.glob("lists/*_Packages*")):
                self._refresh()

    def _refresh(self) -> None:
        (self._folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        (self._folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        answer = self._run(["apt-get", "--quiet", "update"])
        # A source that is not Debian's may fail without harm; what counts is that the lists are there.
        if not list(self._folder.glob("lists/*_Packages*")):
            raise LabError(f"apt-get update has brought no lists:\n{answer.stdout}{answer.stderr}".rstrip())

    def _run(self, command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        options = {
            "Dir::State::Lists": str(self._folder / "lists"),
            "Dir::Cache": str(self._folder / "cache"),
            "Acquire::Languages": "none",
            "Acquire::GzipIndexes": "true",
            "APT::Sandbox::User": "",  # apt's own user may not write into our folders
        }
        arguments = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return subprocess.run(
            [command[0], *arguments, *command[1:]],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )


def architecture() -> str:
    """Debian's name of this machine's architecture, for example amd64."""
    answer = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def ensure_unpacked(name: str, packages: Sequence[str], tools: Path = TOOLS) -> Path:
    """Unpack the newest versions of the packages into `.tools/<name>-<hash>/` once, and give that folder."""
    digest = hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:12]
    folder = tools / f"{name}-{digest}"
    with locked(tools / f"{name}.lock"):
        if folder.exists():
            return folder
        archive = Archive(tools)
        newest = {package: offers[0].version for package, offers in archive.offers(packages).items()}
        fresh = tools / f".{name}-{digest}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for package in archive.fetch(newest, fresh / "packages"):
            subprocess.run(["dpkg-deb", "--extract", str(package), str(fresh)], check=True)
        shutil.rmtree(fresh / "packages")
        fresh.rename(folder)
    return folder


def library_path(folder: Path) -> dict[str, str]:
    """The environment in which programs of an unpacked folder find their libraries."""
    places = [str(path) for base in ("usr/lib", "lib") for path in sorted((folder / base).glob("*-linux-gnu"))]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(places), "LC_ALL": "C.UTF-8"}
