"""What guests need of this machine, and what of it is missing, in words."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Command -> Debian package. `scripts/bootstrap guests` installs them.
COMMANDS = {
    "runc": "runc",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
    "resize2fs": "e2fsprogs",
    "sysctl": "procps",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "nc": "netcat-openbsd",
    "gpg": "gpg",
    "apt-get": "apt",
}
_CAP_SYS_ADMIN, _CAP_NET_ADMIN, _CAP_SYS_RESOURCE = 21, 12, 24


def missing() -> list[str]:
    """Give what keeps guests from running here, one line each; empty if nothing does."""
    lines = [
        f"command {command} is missing (Debian package {package}): run scripts/bootstrap guests"
        for command, package in COMMANDS.items()
        if shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None
    ]
    if os.geteuid() != 0:
        lines.append("guests need root: file systems are mounted and networks are made for them")
    else:
        capabilities = _capabilities()
        for number, name in ((_CAP_SYS_ADMIN, "CAP_SYS_ADMIN"), (_CAP_NET_ADMIN, "CAP_NET_ADMIN")):
            if not capabilities >> number & 1:
                lines.append(f"{name} is withheld from this container: start it with --privileged")
    known = Path("/proc/filesystems").read_text(encoding="utf-8").split()
    lines += [f"the kernel has no file system {name}" for name in ("ext4", "overlay") if name not in known]
    if not Path("/dev/loop-control").exists():
        lines.append("the kernel offers no loop devices (/dev/loop-control)")
    if not any(Path("/sys/fs/cgroup", name).exists() for name in ("memory", "cgroup.controllers")):
        lines.append("no control groups are mounted at /sys/fs/cgroup")
    return lines


def limits() -> list[str]:
    """Give what works with a limit here, one line each."""
    if _capabilities() >> _CAP_SYS_RESOURCE & 1:
        return []
    return ["CAP_SYS_RESOURCE is withheld: a disk that is in use grows at the machine's next power cycle only"]


def _capabilities() -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
