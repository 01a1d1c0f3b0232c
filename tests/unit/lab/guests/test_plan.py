"""Networks, flows and machines of the guests follow from the platform data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lab import verify
from lab.errors import LabError
from lab.guests.plan import flows, networks, plan
from lab.guests.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[4]


def test_each_network_has_a_bridge_of_its_own() -> None:
    found = networks(REPOSITORY)
    assert len({network.bridge for network in found}) == len(found) > 10
    assert all(len(network.bridge) <= 15 for network in found)


def test_flows_between_networks_and_machines_have_addresses_and_others_have_none() -> None:
    found = {flow.id: flow for flow in flows(REPOSITORY)}
    assert found["internet-servers-mirror"].source == ("198.18.0.0/22",)
    assert found["internet-servers-mirror"].destination == ("198.18.7.12",)
    assert found["internet-servers-log"].destination == ()  # the log server is no machine of the estate


def test_without_guests_there_is_no_plan() -> None:
    assert plan(REPOSITORY, "none") is None


def test_all_is_every_linux_machine_and_some_are_about_fifteen_of_all_segments_and_offsite_owners() -> None:
    everything, some = plan(REPOSITORY, "all"), plan(REPOSITORY, "some")
    assert everything is not None
    assert everything.machines is None
    assert some is not None
    assert some.machines is not None
    described = verify.described(REPOSITORY)
    chosen = [described[identity] for identity in some.machines]
    assert 12 <= len(chosen) <= 22
    assert Counter(machine["port_groups"][0].split("-")[0] for machine in chosen).keys() == {
        "internet",
        "lgwan",
        "mynumber",
    }
    assert {"s23", "s31", "s35", "s36", "s38"} <= {machine["folder"] for machine in chosen}


def test_choice_that_is_none_is_refused() -> None:
    with pytest.raises(LabError, match="none, some, all"):
        plan(REPOSITORY, "many")


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    settings = Settings(
        namespace="lab-x",
        image="/image",
        known_hosts="/known_hosts",
        controls={"vc": "/socket"},
        networks=networks(REPOSITORY),
        flows=flows(REPOSITORY),
        machines=("a", "b"),
    )
    settings.write(tmp_path / "settings.json")
    assert Settings.read(tmp_path / "settings.json") == settings


@pytest.mark.parametrize(("gibibytes", "mebibytes"), [(1, 48), (40, 160), (2500, 10000)])
def test_disks_are_scaled_down_to_a_smallest_size(tmp_path: Path, gibibytes: int, mebibytes: int) -> None:
    settings = Settings("n", "i", "k", {}, (), (), None)
    assert settings.disk_bytes(gibibytes << 30) == mebibytes << 20
