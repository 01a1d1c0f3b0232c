"""First boot: what a machine's extraConfig tells its guest, in the format of cloud-init's VMware data source.

`guestinfo.metadata` names the machine and its addresses, `guestinfo.userdata` the administrators' public keys.
The guest makes its own host key and gives the public half back as `guestinfo.kyotsu.hostkey`:
no private key ever stands here.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

ADMINISTRATOR = "kyotsu-admin"
HOST_KEY = "guestinfo.kyotsu.hostkey"

_PUBLIC_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( [^\n]*)?")
# Only the key itself: a comment would name whoever made it.
_TELL_HOST_KEY = f"vmware-rpctool \"info-set {HOST_KEY} $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)\""


def guestinfo(first_boot: Mapping[str, Any], instance_uuid: str, administrator_keys: Sequence[str]) -> dict[str, str]:
    """The extraConfig of a machine that boots for the first time.

    `first_boot` is {"hostname": str, "networks": [{"mac", "address" (with prefix length), "gateway" (or None),
    "dns_servers": [str]}], "mounts": [str or None per disk]}.

    Raises:
        ValueError: something that is no public key was given as one.
    """
    for key in administrator_keys:
        if not _PUBLIC_KEY.fullmatch(key.strip()):
            raise ValueError("an administrator's key is no SSH public key in one line: give the .pub file")
    values = {
        "guestinfo.metadata": _encoded(json.dumps(_metadata(first_boot, instance_uuid), sort_keys=True)),
        "guestinfo.metadata.encoding": "base64",
        "guestinfo.userdata": _encoded(f"#cloud-config\n{json.dumps(_user_data(administrator_keys), sort_keys=True)}"),
        "guestinfo.userdata.encoding": "base64",
    }
    for position, mount in enumerate(first_boot["mounts"]):
        if position and mount:
            values.update(mount_entry(position, mount))
    return values


def mount_entry(position: int, mount: str) -> dict[str, str]:
    """The entry that says where the disk at a position (from 0, the system disk) is mounted."""
    return {f"guestinfo.kyotsu.disk{position}": mount}


def _metadata(first_boot: Mapping[str, Any], instance_uuid: str) -> dict[str, Any]:
    ethernets = {f"nic{number}": _ethernet(network) for number, network in enumerate(first_boot["networks"])}
    return {
        "instance-id": instance_uuid,
        "local-hostname": first_boot["hostname"],
        "network": {"version": 2, "ethernets": ethernets},
        "wait-on-network": {"ipv4": False, "ipv6": False},
        # After the first boot the user data is of no more use to anybody.
        "cleanup-guestinfo": ["userdata"],
    }


def _ethernet(network: Mapping[str, Any]) -> dict[str, Any]:
    ethernet: dict[str, Any] = {
        "match": {"macaddress": network["mac"]},
        "addresses": [network["address"]],
        "dhcp4": False,
        "nameservers": {"addresses": list(network["dns_servers"])},
    }
    if network.get("gateway"):
        # "default" would be understood by newer cloud-init only, not by that of Debian 12.
        ethernet["routes"] = [{"to": "0.0.0.0/0", "via": network["gateway"]}]
    return ethernet


def _user_data(administrator_keys: Sequence[str]) -> dict[str, Any]:
    return {
        "users": [
            {
                "name": ADMINISTRATOR,
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": [key.strip() for key in administrator_keys],
            }
        ],
        "ssh_pwauth": False,
        "ssh_deletekeys": True,
        "ssh_genkeytypes": ["ed25519"],
        "runcmd": [["sh", "-c", _TELL_HOST_KEY]],
    }


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
