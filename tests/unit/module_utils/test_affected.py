"""Whose service a change stops."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.affected import greatest_risk, owners_of_interrupted
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Organisation
from tests.support.builders import OTHER_VCENTER, make_change, make_estate, make_machine, make_platform, make_system


def unit(identity: str, parent: str | None) -> Organisation:
    return Organisation(
        id=identity, kind="section", name=identity, name_en=identity, parent=parent, valid_from="2018-04-01", basis=""
    )


ESTATE = make_estate(
    make_system("s01", make_machine("s01-db-1")),
    make_system("s02", make_machine("s02-db-1"), cluster="spare", owner="org-2"),
    make_system(
        "s03",
        make_machine("s03-db-1", nics=()),
        cluster="mynumber",
        segment="mynumber",
    ),
    make_system("s04", make_machine("s04-db-1"), status="retired"),
    organisations=(unit("org-1", "org-10"), unit("org-2", None), unit("org-10", "org-1")),
)


def interrupted(**change: Any) -> list[str]:
    return list(owners_of_interrupted(ESTATE, [make_change(**{"risk": "outage", **change})]))


@pytest.mark.parametrize(
    ("change", "systems"),
    [
        ({"object": "s02-db-1"}, ["s02"]),
        ({"object": "s02-db-1", "risk": "reboot"}, ["s02"]),
        ({"object": "s02-db-1", "risk": "none"}, []),
        ({"kind": "port_group", "object": "pg-lgwan-servers"}, ["s01", "s02"]),
        ({"kind": "port_group", "object": "pg-lgwan-backup"}, []),
        ({"kind": "switch", "object": "dvs"}, ["s01", "s02"]),
        ({"kind": "cluster", "object": "spare"}, ["s02"]),
        ({"kind": "resource_pool", "object": "lgwan/standard"}, ["s01"]),
        ({"kind": "host", "object": "spare-esx01"}, ["s02"]),
        ({"kind": "datastore", "object": "lgwan-fast-01"}, ["s01"]),
        ({"kind": "datacenter", "object": "dc"}, ["s01", "s02"]),
        ({"kind": "datacenter", "object": "dc-mynumber", "vcenter": OTHER_VCENTER}, ["s03"]),
        ({"kind": "cluster", "object": "mynumber", "vcenter": OTHER_VCENTER}, ["s03"]),
    ],
)
def test_whose_service_stops(change: dict[str, Any], systems: list[str]) -> None:
    assert interrupted(**change) == systems


def test_the_owner_and_the_units_above_it_may_agree_and_a_circle_ends() -> None:
    found = owners_of_interrupted(ESTATE, [make_change(object="s01-db-1", risk="outage")])
    assert found == {"s01": ("org-1", "org-10")}


def test_a_desktop_pool_is_on_its_network() -> None:
    from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import DesktopPool, Text

    pool = DesktopPool(
        key="p",
        name="p",
        purpose=Text(ja="端", en="d"),
        count=1,
        name_prefix="p",
        image="debian-12",
        network="lgwan-servers",
        tier="fast",
        disk_gb=1,
        persistent=False,
    )
    estate = dataclasses.replace(make_estate(make_system("vdi", desktop_pools=(pool,))), platform=make_platform())
    change = make_change(kind="port_group", object="pg-lgwan-servers", risk="outage")
    assert list(owners_of_interrupted(estate, [change])) == ["vdi"]


def test_the_greatest_risk() -> None:
    risks = [make_change(risk=each) for each in ("none", "outage", "reboot")]
    assert greatest_risk(risks) == "outage"
    assert greatest_risk([]) == "none"
