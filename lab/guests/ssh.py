"""The command that logs in to a guest, as ansible does it too (inventory/lab/group_vars/machines/ssh.yml)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lab.errors import LabError
from lab.guests.keys import administrator_key
from lab.guests.process import Guests
from lab.paths import REPOSITORY

USER = "kyotsu-admin"
_AT_A_TIME = 4
_AGAIN_SECONDS = 0.1


def ssh_command(guests: Guests, host: str, words: Sequence[str] = ()) -> list[str]:
    """Give the ssh command for a machine by its name. Raises LabError if it does not run."""
    for entry in guests.client.guests():
        if entry["name"] == host:
            if not entry["pid"]:
                raise LabError(f"{host}: {entry['reason'] or 'it is switched off'}")
            if not entry["addresses"]:
                raise LabError(f"{host} has no address yet: it is booting; look at make lab-status")
            return [*ssh_prefix(guests), f"{USER}@{entry['addresses'][0].partition('/')[0]}", *words]
    raise LabError(f"no machine {host} is known; make lab-status lists them")


def ssh_prefix(guests: Guests) -> list[str]:
    """Give ssh with its options: the lab's key, pinned host keys, the way into the lab's network."""
    connect = f"{REPOSITORY / 'lab' / 'guest-connect'} {guests.lab.root} %h %p"
    options = {
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(guests.known_hosts),
        "IdentitiesOnly": "yes",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "5",  # a guest that is switched off says nothing
        "ServerAliveCountMax": "2",
        "ProxyCommand": connect,
    }
    key = str(administrator_key(guests.lab.secrets))
    return ["ssh", "-i", key, *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]


def without_login(guests: Guests, names: Iterable[str], seconds: float) -> list[str]:
    """Log in to each guest, again and again while it boots; give those that never let in or have another name."""
    lets_in = partial(_lets_in, guests, time.monotonic() + seconds)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        wanted = list(names)
        return [name for name, came_in in zip(wanted, pool.map(lets_in, wanted), strict=True) if not came_in]


def _lets_in(guests: Guests, deadline: float, name: str) -> bool:
    while time.monotonic() < deadline:
        try:
            command = ssh_command(guests, name, ["hostname"])
        except LabError:  # it has no address yet
            time.sleep(_AGAIN_SECONDS)
            continue
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if said.returncode == 0:
            return said.stdout.strip() == name
        time.sleep(_AGAIN_SECONDS)
    return False
