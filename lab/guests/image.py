"""The guests' image: a read-only Debian 12, made once and shared by all guests of all labs of this repository.

Its packages are those of the mirror's baseline, so that a patch finds something newer. There are two: first boot by a
small stand-in for cloud-init (every guest of a lab), or by cloud-init itself (a test holds that both do the same).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.files import locked
from lab.guests.commands import run
from lab.mirror.baseline_image import install_baseline
from lab.mirror.content import content_hash, ensure_content
from lab.paths import TOOLS

_HERE = Path(__file__).resolve().parent
SUITE = "bookworm"
# The point release only: what has come since is what patches bring.
_SOURCE = "http://deb.debian.org/debian"
PACKAGES = (
    "ca-certificates",
    "ifupdown",
    "iproute2",
    "iputils-ping",
    "netcat-openbsd",
    "openssh-server",
    "postgresql-15",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "sysvinit-core",
)
STAND_IN, CLOUD_INIT = "stand-in", "cloud-init"
# First boot -> what its image has more: packages, files. cloud-init leaves routes and name servers to ifupdown, which
# calls net-tools and openresolv for them.
_MORE_PACKAGES: dict[str, tuple[str, ...]] = {STAND_IN: (), CLOUD_INIT: ("cloud-init", "net-tools", "openresolv")}
_FILES = {STAND_IN: (_HERE / "image",), CLOUD_INIT: (_HERE / "image", _HERE / "image-cloud-init")}
# Documentation and translations stay out: nobody reads them in a guest. PostgreSQL works without its compiler.
_LEFT_OUT = (
    *("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"),
    *("/usr/lib/*/libLLVM*", "/usr/lib/postgresql/15/lib/llvmjit*", "/usr/lib/postgresql/15/lib/bitcode/*"),
)
# Boot and shutdown are our own (image/etc/inittab): these scripts are for machines with a kernel of their own.
_NOT_RUN = ("bootlogs", "brightness", "halt", "hwclock.sh", "networking", "rc.local", "reboot", "rmnologin", "sendsigs")
# PostgreSQL starts where guest_baseline says so.
_NOT_RUN_EITHER = ("umountfs", "umountnfs.sh", "umountroot", "urandom", "postgresql")
# A database of the lab: no cluster before guest_baseline makes one on its disk, and then a small one.
_POSTGRESQL = """\
create_main_cluster = false
shared_buffers = 16MB
max_connections = 20
listen_addresses = '*'
ssl = off
"""
_CLUSTERS = "/etc/postgresql-common/createcluster.d"
_BUILD_SECONDS = 900.0


def image_hash(first_boot: str = STAND_IN) -> str:
    """Give a short hash of everything that the image is made from, but the archive itself."""
    digest = hashlib.sha256(f"{first_boot} {content_hash()}".encode() + Path(__file__).read_bytes())
    for files in _FILES[first_boot]:
        for path in sorted(each for each in files.rglob("*") if each.is_file()):
            digest.update(str(path.relative_to(files)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def image_root(tools: Path = TOOLS, first_boot: str = STAND_IN) -> Path:
    """Give the folder of the image, whether it is made or not."""
    return tools / f"guest-image-{image_hash(first_boot)}"


def ensure_image(tools: Path = TOOLS, say: Callable[[str], None] = print, *, first_boot: str = STAND_IN) -> Path:
    """Give the image's folder, and make it with mmdebstrap if it is not there."""
    root = image_root(tools, first_boot)
    if root.exists():
        return root
    with locked(tools / "guest-image.lock"), ThreadPoolExecutor(1) as pool:
        if root.exists():  # another process has made it meanwhile
            return root
        baseline = pool.submit(ensure_content, tools, say)
        say(f"build   the guests' image (Debian {SUITE}, first boot by {first_boot}; about half a minute)")
        fresh = root.with_name(f".{root.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        _bootstrap(fresh, PACKAGES + _MORE_PACKAGES[first_boot])
        for files in _FILES[first_boot]:
            shutil.copytree(files, fresh, dirs_exist_ok=True, symlinks=True)
        _adapt(fresh)
        install_baseline(fresh, baseline.result())
        fresh.chmod(0o755)
        fresh.replace(root)
        # Older images stay: the disks of labs that were made on them need them.
    return root


def _bootstrap(root: Path, packages: tuple[str, ...]) -> None:
    options = ["--variant=minbase", "--components=main", f"--include={','.join(packages)}", "--quiet"]
    options += [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
    options += ['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"']
    # Before PostgreSQL is installed: it would make and start a cluster.
    options += [f"""--setup-hook=mkdir -p "$1{_CLUSTERS}" && printf %s "{_POSTGRESQL}" >"$1{_CLUSTERS}/lab.conf\""""]
    run(["mmdebstrap", *options, SUITE, str(root), _SOURCE], seconds=_BUILD_SECONDS)


def _adapt(root: Path) -> None:
    for link in (root / "etc").glob("rc[0-6S].d/[KS]*"):
        if link.name[3:] in _NOT_RUN + _NOT_RUN_EITHER or link.name[3:].startswith("cloud-"):
            link.unlink()
    for path in [*(root / "etc/ssh").glob("ssh_host_*"), *(root / "etc/ssl").glob("*/ssl-cert-snakeoil.*")]:
        path.unlink()  # every guest makes its own
    for name in ("etc/machine-id", "etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)
    # Only a guest's own mirror may be asked, which guest_baseline enters.
    (root / "etc/apt/sources.list").write_text("", encoding="utf-8")
    _write(root / "etc/ssh/sshd_config.d/10-lab.conf", "PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n")
    _write(root / "etc/network/interfaces", "source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n")
    for folder in ("run/guestinfo", "var/lib/guest"):
        (root / folder).mkdir(parents=True, exist_ok=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
