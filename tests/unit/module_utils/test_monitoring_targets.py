from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.monitoring_targets import (
    EXPORTER_PORT,
    file_sd,
    targets_of,
)
from tests.support.builders import make_estate, make_system
from tests.unit.module_utils.test_zones import NETWORKS, machine

ROOT = Path(__file__).resolve().parents[3]


def estate() -> Estate:
    return make_estate(
        make_system(
            "s01",
            machine("s01-web01", "198.18.128.21", role="web"),
            machine("s01-db01", "198.18.128.20"),
            machine("s01-new", "198.18.128.22", status="planned"),
            machine("s01-old", "198.18.128.23", status="retired"),
            machine("s01-adm01", "198.19.128.9", where="management"),
        ),
        networks=NETWORKS,
    )


def test_each_segment_has_its_list_also_when_it_is_empty() -> None:
    targets = targets_of(estate())
    assert [entry["labels"]["instance"] for entry in targets["lgwan"]] == ["s01-db01", "s01-web01"]
    assert targets["mynumber"] == []


def test_a_target_says_whose_it_is_and_what_it_does() -> None:
    entry = targets_of(estate())["lgwan"][0]
    assert entry["targets"] == [f"198.18.128.20:{EXPORTER_PORT}"]
    assert entry["labels"] == {
        "instance": "s01-db01",
        "key": "key-s01-db01",
        "system": "s01",
        "owner": estate().systems[0].owner,
        "role": "db",
        "segment": "lgwan",
        "os_family": "debian",
        "status": "in-service",
    }


def test_a_machine_that_is_left_out_is_not_watched() -> None:
    assert [entry["labels"]["instance"] for entry in targets_of(estate(), without=["s01-db01"])["lgwan"]] == [
        "s01-web01"
    ]


def test_the_file_is_what_prometheus_reads() -> None:
    entries = targets_of(estate())["lgwan"]
    assert json.loads(file_sd(entries)) == entries
    assert len(file_sd(entries).splitlines()) == len(entries) + 2
    assert json.loads(file_sd([])) == []
    assert all(isinstance(value, str) for entry in entries for value in entry["labels"].values())


def test_a_registered_flow_lets_the_monitoring_server_reach_every_target_of_this_estate() -> None:
    real = load_estate(ROOT).estate
    keys = {machine.name: machine for _, machine in real.machines()}
    servers = {
        system.segment: machine
        for system, machine in real.machines()
        if system.kind == "platform" and machine.role == "monitoring"
    }
    open_to = {(flow.source, flow.destination) for flow in real.platform.flows if EXPORTER_PORT in flow.ports}
    for segment, entries in targets_of(real).items():
        assert entries
        server = servers[segment]
        for entry in entries:
            network = keys[entry["labels"]["instance"]].nics[0].network
            assert network == server.nics[0].network or (server.key, network) in open_to, entry
