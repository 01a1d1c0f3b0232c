"""Mirrors and name servers come with lab-up, follow their machines and survive a kill; seen by guests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.estate_lab import machines_of, quiet, wait_until
from tests.support.guest_lab import leftovers, needs_guests
from tests.support.private_keys import TELL_SECRET_LINE, holds, open_files, secret_line, with_private_key
from tests.support.services_lab import ServicesLab, services_lab

pytestmark = needs_guests

CLIENT, OTHER = "s02-ap01", "s11-web01"
MIRROR, MIRROR_ADDRESS, VCENTER = "platform-mynumber-mirror01", "198.19.7.12", "vc-mynumber"
NAME_SERVER, NAME_SERVER_ADDRESS = "infra-mynumber-directory01", "198.19.4.11"
OTHER_MIRROR_ADDRESS = "198.18.7.12"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServicesLab]:
    """The tests of this file follow one another."""
    folder = tmp_path_factory.mktemp("services")
    with services_lab(folder, "lab-services", (CLIENT, OTHER, MIRROR, NAME_SERVER)) as running:
        # As make demo does it: lab-up finds an empty vCenter, and the machines come later.
        assert all(running.service_pids().values())
        running.provision()
        yield running


def fetches(lab: ServicesLab, guest: str, server: str) -> bool:
    address = f"http://{server}/channels/wave-3/dists/bookworm/main/binary-amd64/Packages"
    code = f"import urllib.request as r; print(b'Package: ' in r.urlopen('{address}', timeout=2).read())"
    return lab.ssh(guest, f'python3 -c "{code}"').stdout == "True\n"


def resolves(lab: ServicesLab, guest: str, name: str, server: str = "") -> str:
    """The address of a name, asked as the guest is set up, or at one of its servers only."""
    if server:
        lab.ssh(guest, f"sudo cp /etc/resolv.conf /tmp/kept; echo nameserver {server} | sudo tee /etc/resolv.conf")
    said = lab.ssh(guest, f"getent ahostsv4 {name} | head -1 | cut -d' ' -f1").stdout.strip()
    if server:
        lab.ssh(guest, "sudo cp /tmp/kept /etc/resolv.conf")
    return said


def test_1_guests_have_names_and_packages_of_their_own_segment_only(lab: ServicesLab) -> None:
    assert resolves(lab, CLIENT, "mirror.mynumber.kyotsu.test") == MIRROR_ADDRESS
    assert resolves(lab, CLIENT, "mirror.mynumber.kyotsu.test", NAME_SERVER_ADDRESS) == MIRROR_ADDRESS
    assert resolves(lab, OTHER, "mirror.internet.kyotsu.test") == OTHER_MIRROR_ADDRESS
    assert resolves(lab, CLIENT, "mirror.internet.kyotsu.test") == ""
    assert fetches(lab, CLIENT, "mirror.mynumber.kyotsu.test")
    assert fetches(lab, OTHER, OTHER_MIRROR_ADDRESS)
    assert not fetches(lab, CLIENT, OTHER_MIRROR_ADDRESS)
    assert not fetches(lab, OTHER, MIRROR_ADDRESS)


def test_2_no_private_key_stands_in_extra_config_records_manifests_or_logs(lab: ServicesLab) -> None:
    root = lab.laboratory.paths.root
    keys = [lab.ssh(name, TELL_SECRET_LINE).stdout.strip() for name in lab.names]
    keys.append(secret_line(root / "secrets" / "administrator"))
    assert len(set(keys)) == len(lab.names) + 1
    listed = lab.estate_lab.records("list", "--format", "json")
    assert listed.code == 0, listed.output
    exported = root / "records.json"
    exported.write_text(listed.output, encoding="utf-8")
    assert "provision" in listed.output
    files = open_files(lab.estate_lab.repository / ".lab") + open_files(lab.estate_lab.repository / ".cache")
    names = {"records.sqlite3", "records.json", "manifest.json", "journal"}
    assert names | {"simulator.log", "manager.log", "console.log"} <= {path.name for path in files}
    assert with_private_key(files, keys) == []
    for vcenter in lab.laboratory.vcenters():
        with lab.estate_lab.session(vcenter) as session:
            options = [(each.key, str(each.value)) for vm in machines_of(session) for each in vm.config.extraConfig]
        assert not [key for key, value in options if holds(value.encode(), [b"PRIVATE KEY", *map(str.encode, keys)])]
        made = [key for key, _ in options if key == "guestinfo.kyotsu.hostkey"]
        assert made or vcenter != VCENTER


@pytest.mark.parametrize("operation", ["ResetVM_Task", "off and on"])
def test_3_a_service_comes_back_with_its_machine_by_itself(lab: ServicesLab, operation: str) -> None:
    before = lab.service_pids()
    if operation == "off and on":
        lab.power(VCENTER, MIRROR, "PowerOffVM_Task")
        assert lab.service_pids()[MIRROR_ADDRESS] is None
        assert not fetches(lab, CLIENT, MIRROR_ADDRESS)
        # A machine that is off serves nothing after lab-up either.
        lab.up()
        assert lab.service_pids()[MIRROR_ADDRESS] is None
        lab.power(VCENTER, MIRROR, "PowerOnVM_Task")
    else:
        lab.power(VCENTER, MIRROR, operation)
    wait_until(lambda: fetches(lab, CLIENT, MIRROR_ADDRESS), "the mirror serves again")
    after = lab.service_pids()
    assert after.pop(MIRROR_ADDRESS) != before.pop(MIRROR_ADDRESS)
    assert after == before


def test_4_a_machine_that_restarts_from_inside_serves_again_too(lab: ServicesLab) -> None:
    before = lab.service_pids()[NAME_SERVER_ADDRESS]
    lab.ssh(NAME_SERVER, "sudo reboot")
    wait_until(lambda: lab.service_pids()[NAME_SERVER_ADDRESS] not in (None, before), "its service has moved")
    wait_until(
        lambda: resolves(lab, CLIENT, "mirror.mynumber.kyotsu.test", NAME_SERVER_ADDRESS) == MIRROR_ADDRESS,
        "the name server answers again",
    )


def test_5_lab_up_again_changes_nothing(lab: ServicesLab) -> None:
    before = lab.service_pids()
    said = lab.up()
    assert not [line for line in said if line.startswith(("started", "reloaded", "updated"))]
    assert lab.service_pids() == before


def test_6_killed_altogether_and_up_again_guests_and_services_are_back(lab: ServicesLab) -> None:
    lab.ssh(CLIENT, "echo kept | sudo tee /root/file; sync")
    lab.kill_everything()
    lab.up()
    assert all(lab.service_pids().values())
    lab.wait_for_guests()
    assert lab.ssh(CLIENT, "sudo cat /root/file").stdout == "kept\n"
    wait_until(lambda: fetches(lab, CLIENT, "mirror.mynumber.kyotsu.test"), "the mirror serves again")
    assert not fetches(lab, CLIENT, OTHER_MIRROR_ADDRESS)


def test_7_down_leaves_nothing(lab: ServicesLab) -> None:
    lab.laboratory.down(say=quiet)
    assert leftovers(lab.laboratory) == []
    assert not lab.laboratory.paths.root.exists()
