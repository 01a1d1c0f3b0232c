"""Mirrors and name servers in the lab's network: who reaches them, and what happens when a guest comes or goes."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from lab.appliance import appliances, ensure_appliance, remove_appliance
from lab.background_process import wait_for
from lab.guests.commands import run
from lab.guests.network import ensure_network
from lab.guests.plan import flows, networks
from lab.paths import lab_paths
from lab.platform_services import PlatformServices
from tests.support.guest_lab import needs_guests
from tests.support.small_estate import ROOT

pytestmark = needs_guests

LGWAN_GUEST, MYNUMBER_GUEST = "198.18.128.60", "198.19.0.60"
LGWAN_MIRROR, MYNUMBER_MIRROR = "198.18.133.12", "198.19.7.12"
QUERY = """
import sys; sys.path.insert(0, sys.argv[1])
from tests.support.dns_query import query
print(query(sys.argv[2], 53, sys.argv[3], seconds=2).records)
"""
# Linux does not heed an announcement within a second of the last one, and trusts what it knows for up to 45 s; then it
# asks for 8 s more (neigh/default: locktime, base_reachable_time, delay_first_probe_time, ucast_solicit).
FORGOTTEN_SECONDS = 90


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_estate(ROOT).estate


@pytest.fixture(scope="module")
def services(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformServices]:
    """Everything serves, in a network of the module's own, without any guest; the last test stops it."""
    namespace = f"lab-test-{uuid.uuid4().hex[:6]}"
    bridges = networks(ROOT)
    run(["ip", "netns", "add", namespace])
    each = PlatformServices(lab_paths("services", tmp_path_factory.mktemp("lab")), namespace, bridges)
    try:
        ensure_network(namespace, bridges, flows(ROOT))
        each.prepare(estate)
        each.up({})
        yield each
    finally:
        each.stop()
        for address in appliances(namespace):
            remove_appliance(namespace, address)
        run(["ip", "netns", "delete", namespace])


def client(services: PlatformServices, address: str) -> list[str]:
    """What stands before a command of a guest with this address."""
    vlan = "br210" if address.startswith("198.18.") else "br310"
    gateway = f"{address.rpartition('.')[0]}.1"
    path = ensure_appliance(services.namespace, vlan, address, 22, gateway)
    return ["nsenter", f"--net={path}", "--"]


def fetches(prefix: list[str], mirror: str) -> bool:
    code = f"import urllib.request as r; r.urlopen('http://{mirror}/kyotsu-archive-keyring.asc', timeout=2).read()"
    answer = subprocess.run([*prefix, "python3", "-I", "-c", code], capture_output=True, text=True, check=False)
    return answer.returncode == 0


def asks(prefix: list[str], server: str, name: str) -> str:
    answer = subprocess.run(
        [*prefix, "python3", "-c", QUERY, str(ROOT), server, name], capture_output=True, text=True, check=False
    )
    return answer.stdout


def test_a_guest_reaches_the_mirror_and_the_names_of_its_own_segment_only(services: PlatformServices) -> None:
    lgwan, mynumber = client(services, LGWAN_GUEST), client(services, MYNUMBER_GUEST)
    assert fetches(lgwan, LGWAN_MIRROR)
    assert not fetches(lgwan, MYNUMBER_MIRROR)
    assert fetches(mynumber, MYNUMBER_MIRROR)
    assert not fetches(mynumber, LGWAN_MIRROR)
    # From this machine itself there is no way in at all.
    assert not fetches([], LGWAN_MIRROR)

    wanted = "platform-lgwan-mirror01.lgwan.kyotsu.test A 198.18.133.12"
    assert wanted in asks(lgwan, "198.18.133.2", "mirror.lgwan.kyotsu.test")
    assert asks(mynumber, "198.18.133.2", "mirror.lgwan.kyotsu.test") == ""
    assert "198.19.7.12" in asks(mynumber, "198.19.4.11", "mirror.mynumber.kyotsu.test")
    assert asks(mynumber, "198.19.4.12", "mirror.lgwan.kyotsu.test") == "()\n"


def test_every_segment_is_served_and_a_second_start_does_nothing(services: PlatformServices, estate: Estate) -> None:
    status = services.status({})
    assert [(each.name, each.segment) for each in status] == [
        *(("mirror", segment) for segment in ("internet", "lgwan", "mynumber")),
        *(("names", segment) for segment in ("internet", "internet", "lgwan", "lgwan", "mynumber", "mynumber")),
    ]
    assert all(each.pid for each in status)
    services.prepare(estate)
    assert services.up({}) == []
    assert services.status({}) == status


def test_a_service_moves_into_its_guest_and_into_the_next_one_after_a_restart(
    services: PlatformServices, estate: Estate
) -> None:
    lgwan = client(services, LGWAN_GUEST)
    mirror = estate.instance_uuid(estate.machine_by_name["platform-lgwan-mirror01"][1])
    for _ in range(2):  # a guest that has just booted, then the same after a restart
        with subprocess.Popen(["unshare", "--net", "sleep", "600"]) as guest:
            try:
                _attach(services.namespace, guest.pid)
                # Before the guest has its address, as when a machine is switched on.
                assert services.follow(mirror, guest.pid) == [f"started mirror lgwan at {LGWAN_MIRROR}"]
                assert LGWAN_MIRROR not in appliances(services.namespace)
                _boot(guest.pid)
                assert wait_for(lambda: fetches(lgwan, LGWAN_MIRROR), FORGOTTEN_SECONDS)
                assert services.up({mirror: guest.pid}) == []
                run(["ip", "-n", services.namespace, "link", "delete", "g-test"])
            finally:
                guest.kill()
            services.leave(mirror)
    assert not fetches(lgwan, LGWAN_MIRROR)
    assert services.up({mirror: None}) == []
    off = [(each.name, each.segment) for each in services.status({mirror: None}) if each.machine_off]
    assert off == [("mirror", "lgwan")]
    assert services.up({}) == [f"started mirror lgwan at {LGWAN_MIRROR}"]
    assert wait_for(lambda: fetches(lgwan, LGWAN_MIRROR), FORGOTTEN_SECONDS)
    services.leave(mirror)  # its machine fails to start: what stands in for it goes on
    assert services.up({}) == []


def _attach(namespace: str, pid: int) -> None:
    """The interface of a stand-in for the mirror's guest."""
    ours = Path("/proc/self/ns/net").stat().st_ino
    assert wait_for(lambda: Path(f"/proc/{pid}/ns/net").stat().st_ino != ours, 5)
    lines = [
        f"link add g-test type veth peer name guest0 netns {pid}",
        "link set g-test master br213 up",
    ]
    run(["ip", "-n", namespace, "-batch", "-"], given="\n".join(lines) + "\n")


def _boot(pid: int) -> None:
    # A guest of the lab announces its address, or others would look for it at the card that had it before.
    run(["nsenter", f"--net=/proc/{pid}/ns/net", "--", "sysctl", "-q", "-w", "net.ipv4.conf.guest0.arp_notify=1"])
    lines = [f"address add {LGWAN_MIRROR}/24 dev guest0", "link set guest0 up", "route add default via 198.18.133.1"]
    run(["nsenter", f"--net=/proc/{pid}/ns/net", "--", "ip", "-batch", "-"], given="\n".join(lines) + "\n")


def runs(pid: int) -> bool:
    """Whether it is more than a zombie of this test."""
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and command.read_bytes() != b""


def test_nothing_is_left_when_it_is_stopped(services: PlatformServices) -> None:
    pids = [each.pid for each in services.status({})]
    assert services.stop()
    assert not any(runs(pid) for pid in pids if pid)
    assert appliances(services.namespace) == []
    assert services.status({}) == []
    assert not services.stop()
