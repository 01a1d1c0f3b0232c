"""The command that logs in to a guest, as ansible does it too (inventory/lab/group_vars/machines/ssh.yml)."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import LabError
from lab.guests.keys import administrator_key
from lab.guests.process import Guests
from lab.paths import REPOSITORY

USER = "kyotsu-admin"


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
