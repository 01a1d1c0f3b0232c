"""What a new machine is told: cloud-init's VMware format, public keys only."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.guestinfo import guestinfo, mount_entry

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP6tz5ibv/Cpp3UskilEIqtudFSvW8lphLezDBNir5qI somebody"
TOLD: dict[str, Any] = {
    "hostname": "s02-db01",
    "networks": [
        {
            "mac": "00:50:56:13:00:40",
            "address": "198.19.0.64/22",
            "gateway": "198.19.0.1",
            "dns_servers": ["198.19.4.11"],
        },
        {"mac": "00:50:56:13:01:40", "address": "198.19.8.64/24", "gateway": None, "dns_servers": []},
    ],
    "mounts": ["/", "/var/lib/postgresql", None],
}


def decoded(values: dict[str, str], name: str) -> str:
    assert values[f"guestinfo.{name}.encoding"] == "base64"
    return base64.b64decode(values[f"guestinfo.{name}"]).decode()


def test_metadata_names_machine_and_networks() -> None:
    metadata = json.loads(decoded(guestinfo(TOLD, "uuid-1", [KEY]), "metadata"))
    assert (metadata["instance-id"], metadata["local-hostname"]) == ("uuid-1", "s02-db01")
    assert metadata["network"]["version"] == 2
    first, second = metadata["network"]["ethernets"].values()
    assert first["match"] == {"macaddress": "00:50:56:13:00:40"}
    assert first["addresses"] == ["198.19.0.64/22"]
    assert first["routes"] == [{"to": "0.0.0.0/0", "via": "198.19.0.1"}]
    assert first["nameservers"] == {"addresses": ["198.19.4.11"]}
    assert "routes" not in second
    assert metadata["cleanup-guestinfo"] == ["userdata"]


def test_user_data_is_a_cloud_config_with_the_public_key_and_no_password() -> None:
    text = decoded(guestinfo(TOLD, "uuid-1", [KEY]), "userdata")
    head, _, body = text.partition("\n")
    assert head == "#cloud-config"
    config = json.loads(body)
    (user,) = config["users"]
    assert user["ssh_authorized_keys"] == [KEY]
    assert user["lock_passwd"]
    assert not config["ssh_pwauth"]


def test_each_disk_with_a_place_has_an_entry() -> None:
    values = guestinfo(TOLD, "uuid-1", [KEY])
    assert {key: value for key, value in values.items() if ".disk" in key} == mount_entry(1, "/var/lib/postgresql")


def test_same_description_gives_the_same_bytes() -> None:
    assert guestinfo(TOLD, "uuid-1", [KEY]) == guestinfo(dict(reversed(TOLD.items())), "uuid-1", [KEY])


@pytest.mark.parametrize("key", ["", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", f"{KEY}\n{KEY}", "ssh-ed25519"])
def test_what_is_no_public_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="public key") as refused:
        guestinfo(TOLD, "uuid-1", [key])
    assert "AAAA" not in str(refused.value)
