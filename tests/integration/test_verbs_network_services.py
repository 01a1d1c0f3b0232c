"""Provision gives the machines that it made their names and their monitoring; a real name server answers from them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.background_process import wait_for
from lab.names.server import NameServer
from tests.support.dns_query import query
from tests.support.estate_lab import EstateLab, copy_few, estate_lab

ADDRESS = "127.0.0.53"
NAME, OLD, NEW = "s13-db01", "198.18.128.240", "198.18.128.241"
OTHER = "198.18.128.242"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EstateLab]:
    with estate_lab(copy_few(tmp_path_factory.mktemp("names")), "verbs-names") as running:
        assert running.playbook("foundation").code == 0
        yield running


@pytest.fixture(scope="module")
def server(few: EstateLab) -> Iterator[NameServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    each = NameServer(few.laboratory.paths, "lgwan", ADDRESS, port)
    yield each
    each.stop()


def answers(server: NameServer, name: str = NAME) -> tuple[str, ...]:
    return query(ADDRESS, server.port, f"{name}.lgwan.kyotsu.test").records


def watched(few: EstateLab, segment: str = "lgwan") -> list[str]:
    file = few.laboratory.paths.root / f"monitoring/targets/{segment}.json"
    return [entry["labels"]["instance"] for entry in json.loads(file.read_text(encoding="utf-8"))]


def test_1_check_mode_shows_the_entries_and_writes_no_file(few: EstateLab) -> None:
    checked = few.playbook("provision", "--check", "--diff")
    assert checked.code == 0, checked.output
    assert f"+{NAME} IN A {OLD}" in checked.output
    assert not (few.laboratory.paths.root / "names").exists()


def test_2_limited_run_registers_its_machines_and_no_others(few: EstateLab, server: NameServer) -> None:
    finished = few.playbook("provision", "--limit", NAME)
    assert finished.code == 0, finished.output
    assert server.ensure() == "started"
    assert answers(server) == (f"{NAME}.lgwan.kyotsu.test A {OLD}",)
    assert answers(server, "s02-db01") == ()
    assert watched(few) == [NAME]


def test_3_whole_run_registers_all_and_the_next_one_changes_nothing(few: EstateLab, server: NameServer) -> None:
    finished = few.playbook("provision")
    assert finished.code == 0, finished.output
    again = few.playbook("provision")
    assert "changed=0" in again.output, again.output
    assert len(watched(few, "mynumber")) > 1
    assert server.reload() in ("reloaded", "running")
    assert answers(server) == (f"{NAME}.lgwan.kyotsu.test A {OLD}",)
    assert answers(server, watched(few, "mynumber")[0]) == ()  # another segment's


def test_4_machine_that_could_not_be_made_gets_no_name(few: EstateLab, server: NameServer) -> None:
    new = "machines:\n  - key: s13-db-9\n    name: s13-db09\n    role: db\n    flavour: m8\n    image: debian-12\n"
    new += f"    nics: [{{network: lgwan-servers, address: {OTHER}}}]\n"
    new += "    disks: [{name: system, size_gb: 40, tier: standard, mount: /}]\n"
    few.edit("systems/s13-common-codes.yml", "machines:\n", new)
    few.control("vc-kyotsu").add_fault("CloneVM_Task", "NoDiskSpace", name_pattern="s13-db09", count=0)
    finished = few.playbook("provision", "--limit", "s13-db09")
    assert finished.code != 0
    assert "s13-db09" not in watched(few)
    server.reload()
    assert answers(server, "s13-db09") == ()
    few.control("vc-kyotsu").clear_faults()
    assert few.playbook("provision", "--limit", "s13-db09").code == 0
    assert "s13-db09" in watched(few)
    server.reload()
    assert wait_for(lambda: bool(answers(server, "s13-db09")), 5)


def test_5_servers_that_do_not_take_the_files_are_an_error_that_the_next_run_repeats(few: EstateLab) -> None:
    file = Path(few.repository, "inventory/lab/group_vars/all/target.yml")
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("/lab/reload-names", "/lab/no-such-command"), encoding="utf-8")
    few.edit("systems/s13-common-codes.yml", OLD, NEW)
    for _ in range(2):
        finished = few.playbook("provision")
        assert finished.code != 0
        assert "no-such-command" in finished.output
        assert "the next run tries to reload again" in finished.output
        assert "Traceback" not in finished.output
    file.write_text(good, encoding="utf-8")
    assert few.playbook("provision").code == 0
