"""Networks of the lab are apart: only registered flows pass, and nothing leads out of the lab or into it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.guests.ssh import ssh_prefix
from tests.support.guest_lab import OPEN_PORT, SOURCE, TARGET, GuestLab, guest_lab, machine, needs_guests

pytestmark = needs_guests
BIN = Path(__file__).resolve().parents[2] / ".venv/bin"
NEIGHBOUR = "198.18.0.51"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestLab]:
    with guest_lab(tmp_path_factory.mktemp("labs"), "guests-network") as running:
        running.make(machine("n-a01", SOURCE), machine("n-a02", NEIGHBOUR), machine("n-b01", TARGET))
        for name in ("n-a01", "n-a02", "n-b01"):
            for port in (OPEN_PORT, OPEN_PORT + 1):
                running.say(name, f"setsid nc -lk {port} >/dev/null 2>&1 </dev/null &")
        yield running


def reaches(lab: GuestLab, source: str, address: str, port: int) -> bool:
    return lab.ssh(source, f"nc -z -w 2 {address} {port}").returncode == 0


def test_registered_flow_is_open_for_its_source_and_port_only(lab: GuestLab) -> None:
    assert reaches(lab, "n-a01", TARGET, OPEN_PORT)
    assert not reaches(lab, "n-a01", TARGET, OPEN_PORT + 1)
    assert not reaches(lab, "n-a02", TARGET, OPEN_PORT)


def test_the_way_back_is_closed(lab: GuestLab) -> None:
    assert not reaches(lab, "n-b01", SOURCE, OPEN_PORT)
    assert not reaches(lab, "n-b01", NEIGHBOUR, 22)


def test_guests_of_one_network_reach_each_other(lab: GuestLab) -> None:
    assert reaches(lab, "n-a02", SOURCE, OPEN_PORT)


def test_no_guest_reaches_a_real_address_or_this_machine(lab: GuestLab) -> None:
    """Not the internet's, not those that this machine has, whatever they are."""
    own = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
    port = lab.lab.laboratory.state()["vcenters"]["vc-lab"]["port"]
    for address in ["1.1.1.1", "127.0.0.1", *(each for each in own if ":" not in each)]:
        assert not reaches(lab, "n-a01", address, port)
        assert not reaches(lab, "n-a01", address, 443)


def test_this_machine_has_no_way_to_an_address_of_the_lab(lab: GuestLab) -> None:
    inside = subprocess.run(
        ["ip", "-n", lab.guests.namespace, "-o", "link"], capture_output=True, text=True, check=True
    )
    names = {line.split(":")[1].strip().split("@")[0] for line in inside.stdout.splitlines()}
    # Bridges and the outer ends of guests' interfaces: no adapter of this machine, no pair into its network.
    assert {name for name in names if not name.startswith(("br11", "g"))} == {"lo"}
    routes = subprocess.run(["ip", "-n", lab.guests.namespace, "route"], capture_output=True, text=True, check=True)
    assert "default" not in routes.stdout
    outside = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True)
    assert "198.18." not in outside.stdout
    assert "198.18." not in subprocess.run(["ip", "-4", "addr"], capture_output=True, text=True, check=True).stdout


def test_ssh_and_ansible_work_from_outside(lab: GuestLab) -> None:
    laboratory = lab.lab.laboratory
    prefix = ssh_prefix(lab.guests)
    arguments = " ".join(f'"{word}"' if " " in word else word for word in prefix[3:])
    command = [
        str(BIN / "ansible"), "all", "-i", f"{SOURCE},", "-m", "ansible.builtin.ping", "-u", "kyotsu-admin",
        "--private-key", str(laboratory.paths.secrets / "administrator"), f"--ssh-common-args={arguments}",
    ]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ))
    assert said.returncode == 0, said.stdout + said.stderr
    assert "pong" in said.stdout
