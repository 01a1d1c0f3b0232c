"""What the guest of a drill is told before it boots for the first time, and what it says afterwards. Pure.

The guest needs nothing of ours inside: cloud-init (VMware data source) gets a new instance id, and with it a program
that runs before any service. It stops what works by the clock or sends; when the machine has come up it tries every way
out, asks the machine's own health check, and tells all of it through guestinfo. Nobody has to reach the guest over a
network. `bootcmd` runs early in cloud-init; `runcmd` asks again, for guests that know no bootcmd.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.guestinfo import mount_entry
from ansible_collections.kyotsu.platform.plugins.module_utils.state import FirstBoot

REPORT = "guestinfo.kyotsu.drill"
HEALTH = "kyotsu-health"

# Runs in the guest with Python 3.9 or newer and nothing else. `{settings}` is JSON.
_AGENT = r"""
import base64, json, os, shutil, socket, subprocess, sys, time
S = json.loads(base64.b64decode("{settings}"))
def run(*words):
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 127, "", str(error))
def services():
    # The services that are there under one of the names.
    places = ("/etc/init.d/%s", "/etc/systemd/system/%s.service", "/lib/systemd/system/%s.service")
    return [name for name in S["stop"] if any(os.path.exists(place % name) for place in places)]
def timers():
    if not os.path.isdir("/run/systemd/system"):
        return []
    said = run("systemctl", "list-unit-files", "--type=timer", "--no-legend", "--plain").stdout
    return [line.split()[0] for line in said.splitlines() if line.split()]
def stop():
    for name in services():
        if os.path.isdir("/run/systemd/system"):
            run("systemctl", "mask", "--runtime", "--now", name + ".service")
        elif shutil.which("update-rc.d"):
            run("update-rc.d", name, "disable")
            run("/etc/init.d/" + name, "stop")
    for name in timers():
        run("systemctl", "mask", "--runtime", "--now", name)
def running():
    found = []
    for name in services():
        if os.path.isdir("/run/systemd/system"):
            state = run("systemctl", "is-active", name + ".service").returncode
        else:
            state = run("/etc/init.d/" + name, "status").returncode
        if state == 0:
            found.append(name)
    for name in timers():
        if run("systemctl", "is-active", name).returncode == 0:
            found.append(name)
    return found
def reached():
    found = []
    for host, port in S["targets"]:
        try:
            socket.create_connection((host, port), 3).close()
            found.append("%s:%d" % (host, port))
        except ConnectionRefusedError:
            found.append("%s:%d" % (host, port))
        except OSError:
            pass
    return found
def health():
    program = shutil.which(S["health"])
    if program is None:
        return 2, "UNKNOWN no " + S["health"] + " in this machine"
    done = run(program)
    return done.returncode, (done.stdout + done.stderr).strip()[:400]
def tell(report):
    content = base64.b64encode(json.dumps(report).encode()).decode()
    program = shutil.which("vmware-rpctool") or "/usr/bin/vmware-rpctool"
    run(program, "info-set " + S["key"] + " " + content)
stop()
if len(sys.argv) > 1:
    sys.exit(0)
if os.fork():
    sys.exit(0)
os.setsid()
for number in range(3):
    os.dup2(os.open(os.devnull, os.O_RDWR), number)
deadline = time.monotonic() + S["seconds"]
code, text = 2, ""
while time.monotonic() < deadline:
    code, text = health()
    if code == 0:
        break
    time.sleep(2)
tell({"id": S["id"], "stopped": services(), "timers": len(timers()), "running": running(),
      "tried": ["%s:%d" % tuple(each) for each in S["targets"]], "reached": reached(),
      "health": code, "text": text})
"""


class NoReport(Exception):
    """What stands in guestinfo is no report of this drill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestReport:
    """What the guest said. `reached`: ways out that answered (none may); `running`: what should have been stopped."""

    stopped: tuple[str, ...]
    timers: int
    running: tuple[str, ...]
    tried: tuple[str, ...]
    reached: tuple[str, ...]
    health: int
    text: str

    @property
    def problems(self) -> list[str]:
        """Why the drill of this machine was not passed; empty if it was."""
        found = []
        if self.running:
            found.append(f"runs although it was to be stopped: {', '.join(self.running)}")
        if self.reached:
            found.append(f"could be reached from the closed network: {', '.join(self.reached)}")
        if not self.tried:
            found.append("no way out was tried: the closed network is not proven")
        if self.health != 0:
            found.append(f"health check says {self.health}: {self.text or 'nothing'}")
        return found


def drill_options(
    first_boot: FirstBoot,
    identity: str,
    *,
    stop: Sequence[str],
    targets: Sequence[tuple[str, int]],
    seconds: int,
) -> dict[str, str]:
    """extraConfig of a drill's machine. `identity`: of this drill, new each time; `targets`: (address, port) to try."""
    settings = {
        "id": identity,
        "stop": list(stop),
        "targets": [list(each) for each in targets],
        "seconds": seconds,
        "health": HEALTH,
        "key": REPORT,
    }
    encoded = base64.b64encode(json.dumps(settings).encode()).decode()
    program = _AGENT.replace("{settings}", encoded)
    user_data = {
        "bootcmd": [["python3", "-c", program, "early"]],
        "runcmd": [["python3", "-c", program]],
    }
    values = {
        "guestinfo.metadata": _encoded(json.dumps(_metadata(first_boot, identity), sort_keys=True)),
        "guestinfo.metadata.encoding": "base64",
        "guestinfo.userdata": _encoded(f"#cloud-config\n{json.dumps(user_data, sort_keys=True)}"),
        "guestinfo.userdata.encoding": "base64",
    }
    for position, mount in enumerate(first_boot.mounts):
        if position and mount:
            values.update(mount_entry(position, mount))
    return values


def read_report(values: Mapping[str, str], identity: str) -> GuestReport | None:
    """The report among a machine's extraConfig; None while there is none, NoReport for one of another drill."""
    text = values.get(REPORT, "")
    if not text:
        return None
    try:
        found: dict[str, Any] = json.loads(base64.b64decode(text, validate=True))
        if found["id"] != identity:
            raise NoReport("the report is of another drill")
        return GuestReport(
            stopped=tuple(str(each) for each in found["stopped"]),
            timers=int(found["timers"]),
            running=tuple(str(each) for each in found["running"]),
            tried=tuple(str(each) for each in found["tried"]),
            reached=tuple(str(each) for each in found["reached"]),
            health=int(found["health"]),
            text=str(found["text"]),
        )
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise NoReport(f"the guest's report cannot be read: {type(error).__name__}") from error


def _metadata(first_boot: FirstBoot, identity: str) -> dict[str, Any]:
    """As provision writes it, with the identity of the drill: the addresses are those that the machine always had."""
    ethernets = {}
    for number, network in enumerate(first_boot.networks):
        ethernet: dict[str, Any] = {
            "match": {"macaddress": network.mac},
            "addresses": [network.address],
            "dhcp4": False,
            "nameservers": {"addresses": list(network.dns_servers)},
        }
        if network.gateway:
            ethernet["routes"] = [{"to": "0.0.0.0/0", "via": network.gateway}]
        ethernets[f"nic{number}"] = ethernet
    return {
        "instance-id": identity,
        "local-hostname": first_boot.hostname,
        "network": {"version": 2, "ethernets": ethernets},
        "wait-on-network": {"ipv4": False, "ipv6": False},
    }


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
