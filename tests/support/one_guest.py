"""One guest without a vCenter: the guests' image in a container of its own, with its segment's mirror in its network.

The network is one namespace with the addresses of guest and mirror on its loopback interface: nothing of it is seen
from outside, so the real addresses of the estate can be used. SSH enters through the namespace.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.background_process import wait_for
from lab.guests.image import ensure_image
from lab.mirror.baseline_image import install_baseline
from lab.mirror.content import ensure_content
from lab.mirror.repository import Mirror
from lab.mirror.server import MirrorServer
from lab.paths import LabPaths
from tests.support.small_estate import ROOT

USER = "kyotsu-admin"
BOOT_SECONDS = 30
_RUN_SECONDS = 400
_CAPABILITIES = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_BOOT", "SYS_CHROOT"),
)


def run(*command: str, given: str | None = None, check: bool = True) -> str:
    """Run a command on this machine and give its output."""
    answer = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS)
    assert not check or answer.returncode == 0, f"{command}: {answer.stdout}{answer.stderr}"
    return answer.stdout


@dataclass(frozen=True)
class OneGuest:
    """A running guest that is `host` of inventory/lab."""

    lab: LabPaths
    folder: Path
    host: str
    pid: int
    mirror: Mirror

    @property
    def namespace(self) -> tuple[str, ...]:
        """What stands before a command that is to run in the guest's network."""
        return ("nsenter", "--target", str(self.pid), "--net")

    def inside(self, *command: str, check: bool = True) -> str:
        """Run a command in the guest as root, past SSH: to look from outside at what was done."""
        return run("runc", "--root", str(self.folder / "runc"), "exec", "guest", *command, check=check)

    def read(self, path: str) -> str:
        """Content of a file of the guest."""
        return self.inside("cat", path)

    def playbook(self, name: str, *arguments: str) -> tuple[int, str, dict[str, dict[str, int]]]:
        """Exit code, output and recap of a playbook that is limited to this guest."""
        environment = {
            "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "LC_ALL": "C.UTF-8",
        }
        command = ["ansible-playbook", "-i", str(ROOT / "inventory/lab"), "-i", str(self.folder / "inventory.yml")]
        command += [str(ROOT / "playbooks" / f"{name}.yml"), "--limit", self.host, *arguments]
        command += ["-e", f"kyotsu_lab_directory={self.lab.root}", "-e", f"@{self.folder / 'connection.yml'}"]
        answer = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS
        )
        return answer.returncode, answer.stdout + answer.stderr, _recap(answer.stdout)


def _recap(output: str) -> dict[str, dict[str, int]]:
    """Host -> counts, from the play recap."""
    _, _, lines = output.partition("PLAY RECAP")
    found: dict[str, dict[str, int]] = {}
    for line in lines.splitlines()[1:]:
        host, separator, counts = line.partition(" : ")
        if separator:
            found[host.strip()] = {key: int(value) for key, value in (pair.split("=") for pair in counts.split())}
    return found


@contextmanager
def one_guest(lab: LabPaths, host: str, segment: str, address: str, mirror_address: str) -> Iterator[OneGuest]:
    """Boot the guest, serve its mirror, and take everything away at the end. Needs root, runc and overlayfs."""
    folder = lab.root / "one-guest"
    content = ensure_content()
    mirror = Mirror(lab, segment)
    mirror.ensure(content, ["canary", "test", "wave-1", "wave-2", "wave-3"])
    with ExitStack() as stack:
        root = _root(folder, ensure_image(), stack)
        install_baseline(root, content)
        _login(root, lab, folder)
        pid = _boot(folder, root, host, stack)
        guest = OneGuest(lab, folder, host, pid, mirror)
        for each in (address, mirror_address):
            run(*guest.namespace, "ip", "address", "add", f"{each}/32", "dev", "lo")
        run(*guest.namespace, "ip", "link", "set", "lo", "up")
        server = MirrorServer(mirror)
        server.start(mirror_address, prefix=guest.namespace)
        stack.callback(server.stop)
        _connection(guest, address)
        ready = wait_for(lambda: "sshd" in guest.inside("ps", "-eo", "args", check=False), BOOT_SECONDS)
        assert ready, "the guest does not boot"
        yield guest


def _root(folder: Path, image: Path, stack: ExitStack) -> Path:
    """The image with a layer of the guest's own; tmpfs, since an overlay cannot stand on another."""
    layer, root = folder / "layer", folder / "root"
    for place in (layer, root):
        place.mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", "size=600m", "one-guest", str(layer))
    stack.callback(run, "umount", str(layer))
    (layer / "upper").mkdir()
    (layer / "work").mkdir()
    options = f"lowerdir={image},upperdir={layer / 'upper'},workdir={layer / 'work'}"
    run("mount", "-t", "overlay", "-o", options, "one-guest", str(root))
    stack.callback(run, "umount", str(root))
    return root


def _login(root: Path, lab: LabPaths, folder: Path) -> None:
    """What first boot does: the administrator with key and sudo, and the guest's own host key."""
    lab.secrets.mkdir(parents=True, exist_ok=True)
    key = lab.secrets / "administrator"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key))
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(root / "etc/ssh/ssh_host_ed25519_key"))
    run("chroot", str(root), "useradd", "--create-home", "--shell", "/bin/sh", USER)
    home = root / "home" / USER / ".ssh"
    home.mkdir(mode=0o700)
    shutil.copy(key.with_suffix(".pub"), home / "authorized_keys")
    run("chroot", str(root), "chown", "-R", f"{USER}:", f"/home/{USER}/.ssh")
    sudo = root / "etc/sudoers.d/90-cloud-init-users"
    sudo.write_text(f"{USER} ALL=(ALL) NOPASSWD:ALL\n", encoding="utf-8")
    sudo.chmod(0o440)
    public = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="utf-8")
    (folder / "known_hosts").write_text(f"one-guest {public}", encoding="utf-8")


def _boot(folder: Path, root: Path, host: str, stack: ExitStack) -> int:
    run("runc", "spec", "--bundle", str(folder))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _adapt(config, root, host)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with (folder / "console.log").open("wb") as console:
        subprocess.run(
            ["runc", "--root", str(folder / "runc"), "run", "--detach", "--bundle", str(folder), "guest"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            check=True,
            timeout=60,
        )
    stack.callback(run, "runc", "--root", str(folder / "runc"), "delete", "--force", "guest")
    return int(json.loads(run("runc", "--root", str(folder / "runc"), "state", "guest"))["pid"])


def _adapt(config: dict[str, Any], root: Path, host: str) -> None:
    config["root"] = {"path": str(root), "readonly": False}
    config["hostname"] = host
    process = config["process"]
    process.update({"terminal": False, "args": ["/sbin/init"], "noNewPrivileges": False})
    names = [f"CAP_{each}" for each in _CAPABILITIES]
    process["capabilities"] = dict.fromkeys(("bounding", "effective", "permitted"), names)
    config["mounts"].append({"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]})


def _connection(guest: OneGuest, address: str) -> None:
    """How Ansible comes to the guest: as the administrator, through the namespace, with the host key known."""
    proxy = " ".join([*guest.namespace, "nc", address, "22"])
    options = f"-o ProxyCommand='{proxy}' -o UserKnownHostsFile={guest.folder / 'known_hosts'}"
    connection = {
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(guest.lab.secrets / "administrator"),
        "ansible_ssh_common_args": f"{options} -o HostKeyAlias=one-guest -o IdentitiesOnly=yes -o ControlMaster=no",
        "ansible_python_interpreter": "/usr/bin/python3",
        "guest_baseline_postgresql": False,
    }
    (guest.lab.root / "known_hosts").write_text(f"{guest.host},{address} ssh-ed25519 \n", encoding="utf-8")
    (guest.folder / "connection.yml").write_text(yaml.safe_dump(connection), encoding="utf-8")
    (guest.folder / "inventory.yml").write_text("ungrouped: {}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit("a part of the tests, no command")
