"""The guests' image: a read-only Debian 12, made once and shared by all guests of all labs of this repository."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from lab.files import locked
from lab.guests.commands import run
from lab.paths import TOOLS

FILES = Path(__file__).resolve().parent / "image"
SUITE = "bookworm"
PACKAGES = (
    "ca-certificates",
    "ifupdown",
    "iproute2",
    "iputils-ping",
    "netcat-openbsd",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "sysvinit-core",
)
# Documentation and translations stay out: nobody reads them in a guest of the lab.
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
# Boot and shutdown are our own (image/etc/inittab): these scripts are for machines with a kernel of their own.
_NOT_RUN = ("bootlogs", "brightness", "halt", "hwclock.sh", "networking", "rc.local", "reboot", "rmnologin", "sendsigs")
_NOT_RUN_EITHER = ("umountfs", "umountnfs.sh", "umountroot", "urandom")
_BUILD_SECONDS = 900.0


def image_hash() -> str:
    """Give a short hash of everything that the image is made from."""
    digest = hashlib.sha256(repr((SUITE, PACKAGES, _LEFT_OUT, _NOT_RUN, _NOT_RUN_EITHER)).encode())
    for path in sorted(each for each in FILES.rglob("*") if each.is_file()):
        digest.update(str(path.relative_to(FILES)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def image_root(tools: Path = TOOLS) -> Path:
    """Give the folder of the image, whether it is made or not."""
    return tools / f"guest-image-{image_hash()}"


def ensure_image(tools: Path = TOOLS, say: Callable[[str], None] = print) -> Path:
    """Give the image's folder, and make it with mmdebstrap if it is not there."""
    root = image_root(tools)
    if root.exists():
        return root
    with locked(tools / "guest-image.lock"):
        if root.exists():  # another process has made it meanwhile
            return root
        say(f"build   the guests' image (Debian {SUITE}, about half a minute)")
        fresh = root.with_name(f".{root.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        options = ["--variant=minbase", "--components=main", f"--include={','.join(PACKAGES)}", "--quiet"]
        options += [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
        options += ['--aptopt=APT::Install-Recommends "false"']
        run(["mmdebstrap", *options, SUITE, str(fresh)], seconds=_BUILD_SECONDS)
        _adapt(fresh)
        fresh.chmod(0o755)
        fresh.replace(root)
        # Older images stay: the disks of labs that were made on them need them.
    return root


def _adapt(root: Path) -> None:
    shutil.copytree(FILES, root, dirs_exist_ok=True, symlinks=True)
    for link in (root / "etc").glob("rc[0-6S].d/[KS]*"):
        if link.name[3:] in _NOT_RUN + _NOT_RUN_EITHER:
            link.unlink()
    for path in (root / "etc/ssh").glob("ssh_host_*"):
        path.unlink()  # every guest makes its own
    for name in ("etc/machine-id", "etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)
    # Only a guest's own mirror may be asked, which guest_baseline enters.
    (root / "etc/apt/sources.list").write_text("", encoding="utf-8")
    _write(root / "etc/ssh/sshd_config.d/10-lab.conf", "PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n")
    _write(root / "etc/network/interfaces", "auto lo\niface lo inet loopback\n")
    for folder in ("run/guestinfo", "var/lib/guest"):
        (root / folder).mkdir(parents=True, exist_ok=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
