"""What the mirrors serve: frozen states (snapshots) of a few Debian packages and of our sample service, still unsigned.

Made once per machine in `.tools/mirror-<hash>/`, then copied into each lab and signed there by the key of each segment.
A snapshot has three suites, as a real mirror has: `bookworm`, `bookworm-security` (empty in the baseline) and `kyotsu`.

The repository's indexes are made by apt-ftparchive: it keeps no database, so that a snapshot is nothing but its folder;
reprepro and aptly would keep their own idea of snapshots beside ours, and what they serve is what this serves.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab.debian_packages import RELEASE, Archive, Offer, architecture, ensure_unpacked, library_path
from lab.errors import LabError
from lab.files import locked, write_json
from lab.mirror import sample_package
from lab.paths import TOOLS

SECURITY = f"{RELEASE}-security"
OWN = "kyotsu"
SUITES = (RELEASE, SECURITY, OWN)
BASELINE = "baseline"

# Small packages of a minimal guest whose version in the point release (with which images are made) is older than the
# newest. Packages of one source stand together in one line: they only fit each other in the same version.
PACKAGES = (
    "apt", "libapt-pkg6.0",
    "libexpat1",
    "liblzma5", "xz-utils",
    "libssl3", "openssl",
    "openssh-client", "openssh-server", "openssh-sftp-server",
    "sudo",
    "tzdata",
)  # fmt: skip
_TOOL = ("apt-utils", "libapt-pkg6.0", "libdb5.3")


@dataclass(frozen=True)
class Recipe:
    """What goes into one snapshot: the older or the newer Debian packages, and a version of the sample service."""

    name: str
    newer: bool
    sample_version: str


RECIPES = (
    Recipe(BASELINE, newer=False, sample_version="1.0"),
    Recipe("patch-2026-11", newer=True, sample_version="1.1"),
    Recipe("patch-2026-12", newer=True, sample_version="1.2"),  # fails its health check, on purpose
)


@dataclass(frozen=True, kw_only=True)
class PackageEntry:
    """One package of a manifest."""

    package: str
    version: str
    architecture: str
    suite: str
    file: str  # below the snapshot's folder
    size_bytes: int
    sha256: str


def ensure_content(tools: Path = TOOLS, say: Callable[[str], None] = print) -> Path:
    """Give the folder with one folder per snapshot; fetch and build it if it is missing (about 15 s, 30 MB)."""
    folder = tools / f"mirror-{content_hash()}"
    if folder.exists():
        return folder
    with locked(tools / "mirror.lock"):
        if folder.exists():
            return folder
        say(f"build   the package mirror's content in {folder} (fetches some Debian packages)")
        fresh = tools / ".mirror.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _build(fresh, tools)
        fresh.rename(folder)
        for old in tools.glob("mirror-*"):
            if old != folder:
                shutil.rmtree(old)
    return folder


def content_hash() -> str:
    """A short hash of everything that decides the content, but the archive itself."""
    digest = hashlib.sha256(repr((PACKAGES, RECIPES, SUITES, architecture())).encode())
    sources = [Path(__file__), Path(sample_package.__file__), *sorted(sample_package.SOURCES.iterdir())]
    for path in sources:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def baseline_packages(content: Path) -> list[Path]:
    """The Debian packages of the baseline: what a guest's image should have, so that a patch finds something newer."""
    return sorted((content / BASELINE / "pool" / RELEASE).glob("*.deb"))


def _build(folder: Path, tools: Path) -> None:
    archive = Archive(tools)
    offers = archive.offers(PACKAGES)
    oldest = {package: _of_the_point_release(each) for package, each in offers.items()}
    newest = {package: each[0] for package, each in offers.items()}
    debian = {
        False: _fetch(archive, oldest, folder / "fetched/older"),
        True: _fetch(archive, newest, folder / "fetched/newer"),
    }
    tool = ensure_unpacked("apt-ftparchive", _TOOL, tools)
    for recipe in RECIPES:
        snapshot = folder / recipe.name
        for suite in SUITES:
            (snapshot / "pool" / suite).mkdir(parents=True)
        for package, file in debian[recipe.newer].items():
            is_new = recipe.newer and newest[package] != oldest[package]
            suite = SECURITY if is_new and _is_security(newest[package]) else RELEASE
            shutil.copy2(file, snapshot / "pool" / suite / file.name)
        sample_package.build(recipe.sample_version, snapshot / "pool" / OWN)
        for suite in SUITES:
            _index(snapshot, suite, tool)
        write_json(snapshot / "manifest.json", _manifest(recipe, snapshot))
    shutil.rmtree(folder / "fetched")


def _of_the_point_release(offers: tuple[Offer, ...]) -> Offer:
    return next((offer for offer in offers if RELEASE in offer.suites), offers[-1])


def _is_security(offer: Offer) -> bool:
    return any(suite.endswith("-security") for suite in offer.suites)


def _fetch(archive: Archive, offers: dict[str, Offer], folder: Path) -> dict[str, Path]:
    files = archive.fetch({package: offer.version for package, offer in offers.items()}, folder)
    found = {file.name.partition("_")[0]: file for file in files}
    if set(found) != set(offers):
        raise LabError(f"fetched {sorted(found)} where {sorted(offers)} was asked for")
    return found


def _index(snapshot: Path, suite: str, tool: Path) -> None:
    """Write Packages and Release of one suite; the Release file is signed later, in each lab."""
    program, environment = str(tool / "usr/bin/apt-ftparchive"), library_path(tool)

    def run(*arguments: str) -> bytes:
        answer = subprocess.run([program, *arguments], cwd=snapshot, env=environment, capture_output=True, check=False)
        if answer.returncode:
            raise LabError(f"apt-ftparchive {' '.join(arguments)} failed:\n{answer.stderr.decode()}".rstrip())
        return answer.stdout

    binary = f"dists/{suite}/main/binary-{architecture()}"
    (snapshot / binary).mkdir(parents=True)
    packages = run("packages", f"pool/{suite}")
    (snapshot / binary / "Packages").write_bytes(packages)
    (snapshot / binary / "Packages.gz").write_bytes(gzip.compress(packages, mtime=0))
    fields = {
        "Origin": "Kyotsu" if suite == OWN else "Debian",
        "Label": "Kyotsu" if suite == OWN else "Debian-Security" if suite == SECURITY else "Debian",
        "Suite": suite,
        "Codename": suite,
        "Architectures": architecture(),
        "Components": "main",
        "Description": f"Snapshot {snapshot.name}",
    }
    options = [part for name, value in fields.items() for part in ("-o", f"APT::FTPArchive::Release::{name}={value}")]
    (snapshot / f"dists/{suite}/Release").write_bytes(run(*options, "release", f"dists/{suite}"))


def _manifest(recipe: Recipe, snapshot: Path) -> dict[str, object]:
    entries = [
        _entry(file, snapshot, suite) for suite in SUITES for file in sorted((snapshot / "pool" / suite).glob("*.deb"))
    ]
    return {
        "snapshot": recipe.name,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "packages": [asdict(entry) for entry in entries],
    }


def _entry(file: Path, snapshot: Path, suite: str) -> PackageEntry:
    answer = subprocess.run(
        ["dpkg-deb", "--show", "--showformat", "${Package}\n${Version}\n${Architecture}", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    package, version, arch = answer.stdout.split("\n")
    content = file.read_bytes()
    return PackageEntry(
        package=package,
        version=version,
        architecture=arch,
        suite=suite,
        file=str(file.relative_to(snapshot)),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def read_manifest(snapshot: Path) -> dict[str, PackageEntry]:
    """Package -> entry of a snapshot's manifest."""
    content = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    return {each["package"]: PackageEntry(**each) for each in content["packages"]}
