"""Names as a guest asks for them: a real server answers from the zones of the model."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import host_name
from lab.background_process import wait_for
from lab.names.server import NameServer
from lab.names.zone_files import network_services, prepare_zones
from lab.paths import LabPaths, lab_paths
from tests.support.dns_query import query
from tests.support.small_estate import ROOT, copy_small, edit

ADDRESS = "127.0.0.53"
DAY = date(2026, 11, 24)


@pytest.fixture
def lab(tmp_path: Path) -> LabPaths:
    return lab_paths("names", tmp_path)


@pytest.fixture
def server(lab: LabPaths) -> Iterator[NameServer]:
    """The server of lgwan, not started."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    each = NameServer(lab, "lgwan", ADDRESS, port)
    yield each
    each.stop()


def serve(estate: Estate, server: NameServer) -> str:
    network_services(server.lab).register(estate, None, today=DAY)
    return server.ensure()


def addresses(server: NameServer, name: str) -> list[str]:
    return [record.split()[2] for record in query(ADDRESS, server.port, name).records]


def test_every_machine_of_the_segment_is_found_by_name_and_by_address_and_no_other(server: NameServer) -> None:
    estate = load_estate(ROOT).estate
    assert serve(estate, server) == "started"
    asked = 0
    for system, machine in estate.machines():
        nic = machine.nics[0]
        segment = estate.network_by_id[nic.network].segment
        assert segment is not None
        assert status_of(system, machine) == "in-service"
        name = host_name(machine, segment)
        backward = ".".join(reversed(nic.address.split("."))) + ".in-addr.arpa"
        if segment == "lgwan":
            asked += 1
            assert addresses(server, name) == [nic.address]
            assert query(ADDRESS, server.port, backward, "PTR").records == (f"{backward} PTR {name}",)
        else:
            assert query(ADDRESS, server.port, name).code == "REFUSED"
            assert query(ADDRESS, server.port, backward, "PTR").code == "REFUSED"
            assert query(ADDRESS, server.port, host_name(machine, "lgwan")).code == "NXDOMAIN"
    assert asked > 50


def test_a_shared_server_is_found_by_what_it_does(server: NameServer) -> None:
    serve(load_estate(ROOT).estate, server)
    answer = query(ADDRESS, server.port, "mirror.lgwan.kyotsu.test")
    assert answer.is_authoritative
    assert answer.records == (
        "mirror.lgwan.kyotsu.test CNAME platform-lgwan-mirror01.lgwan.kyotsu.test",
        "platform-lgwan-mirror01.lgwan.kyotsu.test A 198.18.133.12",
    )


def test_the_outside_is_never_asked_and_the_zone_is_not_given_away(server: NameServer) -> None:
    serve(load_estate(ROOT).estate, server)
    assert query(ADDRESS, server.port, "www.example.org").code == "REFUSED"
    assert query(ADDRESS, server.port, "lgwan.kyotsu.test", "AXFR").records == ()


def test_a_changed_address_is_answered_after_a_reload_and_the_serial_tells_so(
    server: NameServer, tmp_path: Path
) -> None:
    repository = copy_small(tmp_path)
    assert serve(load_estate(repository).estate, server) == "started"
    pid = server.process.pid()
    name = "s13-db01.lgwan.kyotsu.test"
    (before,) = addresses(server, name)
    assert " 2026112400 " in f"{query(ADDRESS, server.port, 'lgwan.kyotsu.test', 'SOA').records[0]} "

    edit(repository, "systems/s13-common-codes.yml", before, "198.18.128.241")
    changed = load_estate(repository).estate
    assert serve(changed, server) == "reloaded"
    assert wait_for(lambda: addresses(server, name) == ["198.18.128.241"], 5)

    # For an instant after a reload the process of the old zones may still answer.
    def serial_is_new() -> bool:
        return query(ADDRESS, server.port, "lgwan.kyotsu.test", "SOA").records[0].endswith(" 2026112401")

    assert wait_for(serial_is_new, 5)
    assert server.process.pid() == pid

    assert serve(changed, server) == "running"


def test_a_machine_that_goes_back_to_planned_has_no_name(server: NameServer, tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    serve(load_estate(repository).estate, server)
    name = "s13-db01.lgwan.kyotsu.test"
    assert addresses(server, name)
    edit(repository, "systems/s13-common-codes.yml", "status: in-service", "status: planned")
    assert serve(load_estate(repository).estate, server) == "reloaded"
    assert wait_for(lambda: query(ADDRESS, server.port, name).code == "NXDOMAIN", 5)


def test_before_provision_only_the_platform_itself_has_names_and_afterwards_nothing_is_taken_away(
    server: NameServer,
) -> None:
    estate = load_estate(ROOT).estate
    assert prepare_zones(estate, server.lab)
    server.ensure()
    assert addresses(server, "platform-lgwan-mirror01.lgwan.kyotsu.test") == ["198.18.133.12"]
    assert query(ADDRESS, server.port, "s01-db01.lgwan.kyotsu.test").code == "NXDOMAIN"
    services = network_services(server.lab)
    services.register(estate, ["s01-db01"], today=DAY)
    assert server.reload() == "reloaded"
    assert wait_for(lambda: addresses(server, "s01-db01.lgwan.kyotsu.test") == ["198.18.128.48"], 5)
    assert prepare_zones(estate, server.lab) == ()
    services.remove(["s01-db01"], today=DAY)
    assert server.reload() == "reloaded"
    assert wait_for(lambda: query(ADDRESS, server.port, "s01-db01.lgwan.kyotsu.test").code == "NXDOMAIN", 5)
    server.stop()
    assert server.reload() == "stopped"


def processes(server: NameServer) -> list[int]:
    """Every process of this server: NSD has three."""
    marker = os.fsencode(server.process.marker)
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if marker in arguments:
            found.append(int(path.parent.name))
    return found


def test_a_killed_server_leaves_nothing_and_is_started_again(server: NameServer) -> None:
    estate = load_estate(ROOT).estate
    serve(estate, server)
    pid = server.process.pid()
    assert pid is not None
    assert len(processes(server)) > 1
    os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: not processes(server), 5)
    assert serve(estate, server) == "started"
    assert addresses(server, "mirror.lgwan.kyotsu.test")
    server.stop()
    assert processes(server) == []
    with pytest.raises((TimeoutError, ConnectionRefusedError)):
        query(ADDRESS, server.port, "mirror.lgwan.kyotsu.test", seconds=0.5)
