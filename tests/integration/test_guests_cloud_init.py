"""One guest whose first boot is cloud-init's, from Debian, told exactly what provision tells every other machine."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest

from lab.guests.image import CLOUD_INIT
from tests.support.guest_lab import PLAN, GuestLab, guest_lab, machine, needs_guests, wait_until

pytestmark = needs_guests

NAME, ADDRESS = "c-web01", "198.18.0.77"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestLab]:
    plan = dataclasses.replace(PLAN, first_boot=CLOUD_INIT)
    with guest_lab(tmp_path_factory.mktemp("labs"), "cloud-init", plan) as running:
        running.make(machine(NAME, ADDRESS), wait=False)
        wait_until(lambda: NAME in known_hosts(running), "cloud-init has made a host key and told it", seconds=60)
        wait_until(lambda: running.answers(NAME), "the administrator can log in")
        yield running


def known_hosts(lab: GuestLab) -> str:
    file = lab.guests.known_hosts
    return str(file.read_text(encoding="utf-8")) if file.exists() else ""


def test_cloud_init_took_the_metadata_from_vcenter(lab: GuestLab) -> None:
    status = json.loads(lab.say(NAME, "sudo cat /run/cloud-init/status.json"))["v1"]
    assert status["datasource"] == "DataSourceVMware"
    assert lab.say(NAME, "sudo cloud-init query v1.subplatform") == "guestinfo (guestinfo.metadata)"
    assert {stage: status[stage]["errors"] for stage in ("init-local", "init", "modules-config", "modules-final")} == {
        "init-local": [],
        "init": [],
        "modules-config": [],
        "modules-final": [],
    }


def test_name_address_gateway_and_name_server_are_what_the_metadata_says(lab: GuestLab) -> None:
    assert lab.say(NAME, "hostname; cat /etc/hostname").split() == [NAME, NAME]
    assert lab.say(NAME, "ip -4 -o address show scope global | tr -s ' ' | cut -d' ' -f2,4") == f"eth0 {ADDRESS}/24"
    assert lab.say(NAME, "ip route show default").startswith("default via 198.18.0.1 dev eth0")
    assert lab.say(NAME, "grep ^nameserver /etc/resolv.conf") == "nameserver 198.18.0.2"
    assert lab.vm(NAME).guest.hostName == NAME


def test_the_administrator_has_his_key_sudo_and_no_password(lab: GuestLab) -> None:
    assert lab.say(NAME, "cat ~/.ssh/authorized_keys") == lab.public_key
    assert lab.say(NAME, "sudo id -u") == "0"
    assert lab.say(NAME, "sudo passwd --status kyotsu-admin").split()[1] == "L"


def test_the_host_key_is_the_guests_own_and_is_the_pinned_one(lab: GuestLab) -> None:
    public = lab.say(NAME, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    assert f"{NAME},{ADDRESS} {public}\n" in known_hosts(lab)
    assert lab.say(NAME, "ls /etc/ssh/ssh_host_*_key") == "/etc/ssh/ssh_host_ed25519_key"


def test_the_user_data_is_gone_after_the_first_boot_and_the_next_one_changes_nothing(lab: GuestLab) -> None:
    def user_data() -> str:
        return {each.key: each.value for each in lab.vm(NAME).config.extraConfig}["guestinfo.userdata"]

    wait_until(lambda: user_data() == "---", "the user data is cleared")
    before = known_hosts(lab)
    lab.say(NAME, "sudo touch /etc/kept")
    lab.run(lab.vm(NAME).ResetVM_Task)
    wait_until(lambda: lab.answers(NAME), "it has booted again", seconds=60)
    assert lab.say(NAME, "ls /etc/kept") == "/etc/kept"
    assert known_hosts(lab) == before
