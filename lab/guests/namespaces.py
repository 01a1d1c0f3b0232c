"""The lab's own network namespace and mount namespace.

Both live as long as their files, whatever becomes of the processes: a manager that is killed finds everything again,
and removing the two files removes every bridge, interface and mount of the guests at once.
"""

from pathlib import Path

from lab.guests.commands import run

_NETNS = Path("/run/netns")


def ensure_namespaces(network: str, mount: Path) -> bool:
    """Make both if one is missing; give whether they were there already."""
    if _is_namespace(_NETNS / network) and _is_namespace(mount):
        return True
    remove_namespaces(network, mount)
    run(["ip", "netns", "add", network])
    run(["ip", "-n", network, "link", "set", "lo", "up"])
    folder = mount.parent
    folder.mkdir(parents=True, exist_ok=True)
    # The file of a mount namespace may only stand on a private mount.
    run(["mount", "--bind", str(folder), str(folder)])
    run(["mount", "--make-private", str(folder)])
    mount.touch()
    run(["unshare", f"--mount={mount}", "--propagation", "private", "true"])
    return False


def remove_namespaces(network: str, mount: Path) -> None:
    """Remove both and with them everything that is in them; nothing to do if they are gone."""
    if _is_namespace(mount):
        run(["umount", str(mount)])
    mount.unlink(missing_ok=True)
    while _is_bound(mount.parent):
        run(["umount", str(mount.parent)])
    mount.unlink(missing_ok=True)
    if (_NETNS / network).exists():
        run(["ip", "netns", "delete", network])


def _is_namespace(path: Path) -> bool:
    """Tell whether a namespace is mounted on a file: it then lies on another file system than its folder."""
    return path.exists() and path.stat().st_dev != path.parent.stat().st_dev


def _is_bound(folder: Path) -> bool:
    """Tell whether a folder is mounted on itself, which os.path.ismount does not see."""
    wanted = str(folder).replace(" ", "\\040")
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return any(line.split()[4] == wanted for line in lines)
