"""Packages of a guest: what is there, what an upgrade would do, and the upgrade.

Runs in the guest, on its standard library only. What is installed is what was simulated, package by package and version
by version: between the look and the act nothing can slip in. Nothing is removed unless the owner has asked for that.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_COMMAND_SECONDS = 60
_UPDATE_SECONDS = 300
_UPGRADE_SECONDS = 1800
_LOCK_SECONDS = 600
# What an upgrade takes at the same time: the archive, its unpacked files beside the old ones, dpkg's own notes.
_UNPACKED_FACTOR = 4
_MEBIBYTE = 1 << 20
_MOUNTS = ("/", "/boot", "/usr", "/var", "/var/cache/apt/archives")
_SIMULATED = re.compile(r"^Inst (?P<name>\S+)(?: \[(?P<old>[^]]+)\])? \((?P<new>\S+)")
_KEPT_BACK = re.compile(r"^The following packages have been kept back:\n(?P<names>(?: .*\n)+)", re.MULTILINE)
_ARCHIVE = re.compile(r"^'[^']+' \S+ (?P<size>\d+) ")
_DPKG_LOCK = Path("/var/lib/dpkg/lock-frontend")
_REBOOT_REQUIRED = Path("/run/reboot-required")
_KERNELS = Path("/boot")
_PROCESSES = Path("/proc")
# What lies beside kernels and is none: dpkg's and people's copies.
_COPIES = (".old", ".bak", ".dpkg-new", ".dpkg-tmp", ".dpkg-old", ".dpkg-dist")
# A program that works on files of its own in /tmp or in memory and has removed them is not old.
_REPLACED = re.compile(r"/(?:usr|bin|sbin|lib\w*|opt)/\S.* \(deleted\)$")
_LIBRARY = re.compile(r"\.so[^/\n]* \(deleted\)$", re.MULTILINE)
_STATUS = re.compile(r"\bstatus\)")
_RUNLEVELS = re.compile(r"^#[ \t]*Default-Start:(?P<levels>.*)$", re.MULTILINE)
_WORKING = frozenset("2345")
BOOT_FILES = ("/proc/sys/kernel/random/boot_id", "/proc/1/stat")
_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "NEEDRESTART_SUSPEND": "1"}
# Settings that somebody has changed stay; the maintainer's new ones lie beside them.
_KEEP_SETTINGS = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")


class GuestPatchError(Exception):
    """What stops a patch of this guest; the message says what to do. Nothing was changed unless it says so."""


class NotReady(GuestPatchError):
    """The guest must not be patched as it is: somebody has to put it right first."""


@dataclass(frozen=True)
class GuestState:
    """A guest at one moment, as evidence. `free_mb` is MiB by mount point."""

    packages: Mapping[str, str]  # binary package -> version
    sources: Mapping[str, str]  # source package -> version
    kernel: str
    services: Sequence[str]  # those that run
    unfinished: Sequence[str]  # packages that dpkg has not brought to an end
    held: Sequence[str]
    free_mb: Mapping[str, int]
    stale_processes: Sequence[str]  # programs that run with libraries, or from a program file, which are gone
    restart_needed: bool
    boot_id: str  # another one after each start of the guest


@dataclass(frozen=True)
class Health:
    """What kyotsu-health says: `code` 0 healthy, 1 not, 2 cannot be told."""

    code: int
    text: str


@dataclass(frozen=True)
class Upgrade:
    """One package's step; `before` empty: it comes new, `after` empty: it goes."""

    package: str
    before: str
    after: str


@dataclass(frozen=True)
class UpgradePlan:
    """What apt would do. `needed_mb` is the MiB that it takes meanwhile, at most."""

    upgrades: Sequence[Upgrade]
    needed_mb: int
    kept_back: Sequence[str] = ()  # have something newer that apt does not take, and the owner did not hold them


@dataclass
class Wishes:
    """What the owner wants: `everything` also removes and adds packages; `hold` stay as they are."""

    everything: bool = False
    hold: Sequence[str] = field(default_factory=tuple)
    reserve_mb: int = 50  # MiB that stay free whatever happens


def look() -> GuestState:
    """The state of this guest. Raises GuestPatchError."""
    packages: dict[str, str] = {}
    sources: dict[str, str] = {}
    form = "${db:Status-Status}\t${Package}\t${Version}\t${source:Package}\t${source:Version}\n"
    for line in _run("dpkg-query", "--show", f"--showformat={form}").splitlines():
        status, name, version, source, source_version = line.split("\t")
        if status not in {"not-installed", "config-files"}:
            packages[name] = version
            sources[source] = source_version
    stale = sorted(_stale_processes(_PROCESSES))
    kernel = os.uname().release
    return GuestState(
        packages=packages,
        sources=sources,
        kernel=kernel,
        services=_services(),
        unfinished=sorted(set(re.findall(r"^ (\S+)", _run("dpkg", "--audit"), flags=re.MULTILINE))),
        held=_run("apt-mark", "showhold").split(),
        free_mb={mount: _free_mb(mount) for mount in _MOUNTS if os.path.ismount(mount)},
        stale_processes=stale,
        restart_needed=bool(stale) or _REBOOT_REQUIRED.exists() or _newer_kernel(_KERNELS, kernel) is not None,
        boot_id=boot_id(*(Path(file).read_text(encoding="utf-8", errors="replace") for file in BOOT_FILES)),
    )


def health() -> Health:
    """Ask the guest's own check of its role. Where there is none, it cannot be told."""
    try:
        answer = subprocess.run(
            ["kyotsu-health"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return Health(2, "kyotsu-health is not there: run playbooks/baseline.yml")
    except subprocess.TimeoutExpired:
        return Health(1, f"kyotsu-health has not ended within {_COMMAND_SECONDS} s")
    return Health(answer.returncode, (answer.stdout + answer.stderr).strip())


def repair() -> None:
    """Bring to an end what an upgrade of ours that was cut off has left. Raises GuestPatchError.

    The upgrade itself may still be running, since nobody tells it that its controller has died: it goes first.
    """
    deadline = time.monotonic() + _LOCK_SECONDS
    with _DPKG_LOCK.open("a") as lock:
        while True:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise GuestPatchError(
                        f"somebody has held dpkg's lock for {_LOCK_SECONDS} s: look which process it is"
                    ) from error
                time.sleep(1)
    _run("dpkg", "--force-confdef", "--force-confold", "--configure", "-a", seconds=_UPGRADE_SECONDS)


def refresh() -> None:
    """Read the mirror's indexes. Raises GuestPatchError if a part of them does not come: old ones prove nothing."""
    _run("apt-get", "update", "--error-on=any", "-qq", seconds=_UPDATE_SECONDS)


def require_content(manifest_sha256: str) -> None:
    """Raise NotReady unless each package source of this guest serves the content that was approved.

    A source says what it serves in `manifest.json` at its root. Where no content has to be proven (empty), there must
    still be a source: without one apt finds nothing new, whatever there is.
    """
    listed = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    sources = sorted(set(listed.split()))
    if not sources:
        raise NotReady("it has no package source, so nobody knows what it lacks: run playbooks/baseline.yml")
    for source in sources if manifest_sha256 else ():
        with tempfile.TemporaryDirectory(prefix="kyotsu-") as folder:
            file = Path(folder) / "manifest.json"
            _run("/usr/lib/apt/apt-helper", "download-file", f"{source.rstrip('/')}/manifest.json", str(file))
            found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != manifest_sha256:
            raise NotReady(
                f"{source} serves another content (manifest {found[:12]}) than the one that was approved "
                f"({manifest_sha256[:12]}): promote its channel, or correct content.manifests of the round"
            )


def plan(wishes: Wishes) -> UpgradePlan:
    """What an upgrade would do now. Raises GuestPatchError."""
    verb = "dist-upgrade" if wishes.everything else "upgrade"
    options = () if wishes.everything else ("--with-new-pkgs",)
    upgrades = []
    simulated = _run("apt-get", "--simulate", *options, verb)
    for line in simulated.splitlines():
        found = _SIMULATED.match(line)
        if found and found["name"] not in wishes.hold:
            upgrades.append(Upgrade(found["name"], found["old"] or "", found["new"]))
        elif line.startswith("Remv "):
            name = line.split()[1]
            if not wishes.everything:
                raise GuestPatchError(f"apt would remove {name}: the owner has to choose `everything` for that")
            upgrades.append(Upgrade(name, line.split("[")[-1].split("]")[0], ""))
    wanted = [f"{each.package}={each.after}" for each in upgrades if each.after]
    return UpgradePlan(
        upgrades=sorted(upgrades, key=lambda each: each.package),
        needed_mb=_needed_mb(wanted) if wanted else 0,
        kept_back=sorted(set(_kept_back(simulated)) - set(wishes.hold)),
    )


def _kept_back(simulated: str) -> list[str]:
    """Packages that have something newer which apt does not take: apt-mark hold, or it needs what was not allowed."""
    found = _KEPT_BACK.search(simulated)
    return found["names"].split() if found else []


def _needed_mb(wanted: Sequence[str]) -> int:
    listed = _run("apt-get", "--print-uris", "--yes", "-qq", "install", *wanted)
    sizes = [int(found["size"]) for found in map(_ARCHIVE.match, listed.splitlines()) if found]
    return -(-sum(sizes) * _UNPACKED_FACTOR // _MEBIBYTE)


def require_ready(state: GuestState, planned: UpgradePlan, wishes: Wishes) -> None:
    """Raise NotReady if this guest must not be patched as it is."""
    if state.unfinished:
        raise NotReady(
            f"packages are not brought to an end: {', '.join(state.unfinished)}; run dpkg --configure -a and look why"
        )
    for mount, free in sorted(state.free_mb.items()):
        if mount == "/boot" or free >= planned.needed_mb + wishes.reserve_mb:
            continue
        raise NotReady(
            f"{mount} has {free} MiB free and the upgrade takes up to {planned.needed_mb} MiB "
            f"beside {wishes.reserve_mb} MiB that stay free: make room first"
        )


def upgrade(planned: UpgradePlan, wishes: Wishes) -> None:
    """Do what was planned, exactly. Raises GuestPatchError with the end of what apt said."""
    wanted = [f"{each.package}={each.after}" for each in planned.upgrades if each.after]
    wanted += [f"{each.package}-" for each in planned.upgrades if not each.after]
    if not wanted:
        return
    removes = () if wishes.everything else ("--no-remove",)
    _run("apt-get", "--yes", "-qq", *removes, *_KEEP_SETTINGS, "install", *wanted, seconds=_UPGRADE_SECONDS)
    # The archives are on the mirror; here they would only fill the disk.
    _run("apt-get", "clean")


def boot_id(kernel: str, first: str) -> str:
    """The kernel's id of a boot and when PID 1 started: a container shares its kernel with others.

    Of the content of the files of BOOT_FILES, also where somebody reads them from outside.
    """
    return f"{kernel.strip()}/{first.rpartition(')')[2].split()[19]}"


def _services() -> list[str]:
    if Path("/run/systemd/system").is_dir():
        listed = _run("systemctl", "list-units", "--type=service", "--state=running", "--plain", "--no-legend")
        return sorted(line.split()[0].removesuffix(".service") for line in listed.splitlines() if line.strip())
    # `service --status-all` counts only scripts that also print something; their exit code is what says it (LSB 4.0).
    scripts = [path for path in Path("/etc/init.d").glob("*") if _is_service(_text(path))]
    return sorted(path.name for path in scripts if _answers(str(path), "status"))


def _is_service(script: str) -> bool:
    """Whether an init script can tell its status, and is for a runlevel in which a machine works.

    What only boots or halts it (`Default-Start: S` or empty) says "running" as well: that something is mounted.
    """
    levels = _RUNLEVELS.search(script)
    return _STATUS.search(script) is not None and (levels is None or not _WORKING.isdisjoint(levels["levels"].split()))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _answers(*command: str) -> bool:
    answer = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_SECONDS, check=False
    )
    return answer.returncode == 0


def _newer_kernel(boot: Path, running: str) -> str | None:
    """The release of a kernel that is newer than the running one; None also where `boot` has no kernel (containers).

    Debian writes /run/reboot-required for a kernel only where unattended-upgrades is installed.
    """
    found = [path.name.removeprefix("vmlinuz-") for path in boot.glob("vmlinuz-*") if not path.name.endswith(_COPIES)]
    newest = max(found, key=_release_order, default=running)
    return newest if _release_order(newest) > _release_order(running) else None


def _release_order(release: str) -> list[tuple[int, str]]:
    """6.1.0-9-amd64 comes before 6.1.0-10-amd64: numbers by their value, what is between them as text.

    A flavour does not count: 6.1.0-9-cloud-amd64 is as new as 6.1.0-9-amd64, and no restart would change that.
    """
    version = re.sub(r"-[a-z][\w-]*$", "", release)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", version)]


def _stale_processes(processes: Path) -> Iterator[str]:
    """Names of programs that still run from a library or a program file which an upgrade has replaced."""
    own = str(os.getpid())  # ends with this look, also where it was Python that was replaced
    for folder in processes.iterdir():
        if not folder.name.isdigit() or folder.name == own:
            continue
        try:
            maps = (folder / "maps").read_text(encoding="utf-8", errors="replace")
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            program = str((folder / "exe").readlink())
        except OSError:
            continue  # it has ended, or is the kernel's
        if _LIBRARY.search(maps) or _REPLACED.match(program):
            yield name


def _free_mb(mount: str) -> int:
    found = os.statvfs(mount)
    return found.f_bavail * found.f_frsize // _MEBIBYTE


def _run(*command: str, seconds: int = _COMMAND_SECONDS) -> str:
    try:
        answer = subprocess.run(
            command,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise GuestPatchError(f"{command[0]} is not there: this is no Debian guest") from error
    except subprocess.TimeoutExpired as error:
        raise GuestPatchError(f"{' '.join(command[:3])} has not ended within {seconds} s") from error
    if answer.returncode:
        said = "\n".join((answer.stdout + answer.stderr).strip().splitlines()[-8:])
        raise GuestPatchError(f"{' '.join(command[:3])} ended with {answer.returncode}: {said}")
    return answer.stdout
