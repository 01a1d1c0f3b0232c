"""Networks of the lab are apart: only registered flows pass, and nothing leads out of the lab or into it."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.guests.network import inside
from lab.guests.ssh import ssh_prefix
from tests.support.guest_lab import (
    OPEN_PORT,
    PLAN,
    SOURCE,
    TARGET,
    GuestLab,
    guest_lab,
    machine,
    needs_guests,
    wait_until,
)

pytestmark = needs_guests
ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv/bin"
NEIGHBOUR = "198.18.0.51"
# RFC 2544: for tests of devices, nobody's on the internet.
FOR_TESTS = ipaddress.IPv4Network("198.18.0.0/15")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestLab]:
    with guest_lab(tmp_path_factory.mktemp("labs"), "guests-network") as running:
        running.make(machine("n-a01", SOURCE), machine("n-a02", NEIGHBOUR), machine("n-b01", TARGET))
        for name in ("n-a01", "n-a02", "n-b01"):
            for port in (OPEN_PORT, OPEN_PORT + 1):
                running.say(name, f"setsid nc -lk {port} >/dev/null 2>&1 </dev/null &")
                wait_until(partial(reaches, running, name, "127.0.0.1", port), f"{name} listens on {port}")
        yield running


def reaches(lab: GuestLab, source: str, address: str, port: int) -> bool:
    return lab.ssh(source, f"nc -z -w 2 {address} {port}").returncode == 0


def connects(address: str, port: int) -> bool:
    """Whether this machine, from its own network, gets a connection."""
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


def heard(address: str, port: int) -> str:
    """What an address says first to this machine, from its own network; another network may well have it too."""
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            return connection.recv(4096).decode(errors="replace")
    except OSError:
        return ""


def says(*command: str) -> str:
    """What a command prints on this machine."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def own_addresses() -> list[str]:
    """This machine's addresses but those of its loopback interface, which mean the guest itself in a guest."""
    lines = says("ip", "-o", "-4", "address", "show").splitlines()
    return [line.split()[3].partition("/")[0] for line in lines if line.split()[1] != "lo"]


def test_registered_flow_is_open_for_its_source_and_port_only(lab: GuestLab) -> None:
    assert reaches(lab, "n-a01", TARGET, OPEN_PORT)
    assert reaches(lab, "n-b01", TARGET, OPEN_PORT + 1)
    assert not reaches(lab, "n-a01", TARGET, OPEN_PORT + 1)
    assert not reaches(lab, "n-a02", TARGET, OPEN_PORT)


def test_the_way_back_is_closed(lab: GuestLab) -> None:
    for address, port in ((SOURCE, OPEN_PORT), (NEIGHBOUR, 22)):
        assert reaches(lab, "n-a01", address, port)
        assert not reaches(lab, "n-b01", address, port)


def test_guests_of_one_network_reach_each_other(lab: GuestLab) -> None:
    assert reaches(lab, "n-a02", SOURCE, OPEN_PORT)


def test_no_guest_reaches_this_machine(lab: GuestLab) -> None:
    """A service of this machine that answers at each of its addresses has no visitor from the lab."""
    own = own_addresses()
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        for address in ("127.0.0.1", *own):
            assert connects(address, port)
            server.accept()[0].close()
        # The gateway stands in the lab's network; what answers there would be the lab's host.
        for address in (*own, "198.18.0.1"):
            assert not reaches(lab, "n-a01", address, port)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_nothing_leads_out_of_the_lab(lab: GuestLab) -> None:
    """A guest knows its gateway only, and behind that there is no route to a real address."""
    interfaces = lab.say("n-a01", "ip -o link").splitlines()
    assert {line.split(":")[1].strip().partition("@")[0] for line in interfaces} == {"lo", "eth0"}
    default, own = sorted(lab.say("n-a01", "ip route").splitlines(), reverse=True)
    assert default.split()[:5] == ["default", "via", "198.18.0.1", "dev", "eth0"]
    assert own.startswith("198.18.0.0/24 dev eth0")
    assert lab.say("n-a01", "ip -6 address") == ""
    assert says("ip", "-n", lab.guests.namespace, "-6", "route") == ""
    routes = says("ip", "-n", lab.guests.namespace, "route").splitlines()
    assert sorted(line.split()[0] for line in routes) == ["198.18.0.0/24", "198.18.4.0/24"]
    for address in ("1.1.1.1", *own_addresses()):
        asked = subprocess.run(
            ["ip", "-n", lab.guests.namespace, "route", "get", address], capture_output=True, text=True, check=False
        )
        assert asked.returncode != 0
        assert "Network is unreachable" in asked.stderr


def test_no_address_of_the_lab_is_a_real_one_or_answers_outside_it(lab: GuestLab) -> None:
    assert all(ipaddress.IPv4Interface(each.gateway).network.subnet_of(FOR_TESTS) for each in PLAN.networks)
    word, port = secrets.token_hex(16), OPEN_PORT + 2
    lab.say("n-a01", f"setsid sh -c 'yes {word} | nc -lk {port}' >/dev/null 2>&1 </dev/null &")
    ask = inside(lab.guests.namespace, "nc", "-d", "-w", "2", SOURCE, str(port))

    def answers_inside() -> bool:
        return word in subprocess.run(["timeout", "2", *ask], capture_output=True, text=True, check=False).stdout

    wait_until(answers_inside, "the guest says its word in the lab's network")
    assert word not in heard(SOURCE, port)
    assert answers_inside()


def test_this_machine_has_no_way_to_an_address_of_the_lab(lab: GuestLab) -> None:
    links = says("ip", "-n", lab.guests.namespace, "-o", "link").splitlines()
    names = {line.split(":")[1].strip().split("@")[0] for line in links}
    # Bridges and the outer ends of guests' interfaces: no adapter of this machine, no pair into its network.
    assert {name for name in names if not name.startswith(("br11", "g"))} == {"lo"}
    assert "198.18." not in says("ip", "route")
    assert "198.18." not in says("ip", "-4", "address")


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


def test_lab_ssh_runs_a_command_and_passes_on_its_exit_code(lab: GuestLab) -> None:
    root = lab.lab.laboratory.paths.root

    def lab_ssh(*words: str) -> subprocess.CompletedProcess[str]:
        command = [
            str(BIN / "python"),
            "lab/lab.py",
            "ssh",
            "--lab",
            root.name,
            "--state-root",
            str(root.parent),
            *words,
        ]
        return subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60
        )

    said = lab_ssh("n-a02", "hostname")
    assert (said.returncode, said.stdout) == (0, "n-a02\n"), said.stderr
    assert lab_ssh("n-a02", "exit", "7").returncode == 7
    unknown = lab_ssh("n-a09", "hostname")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "lab: no machine n-a09 is known; make lab-status lists them\n"
