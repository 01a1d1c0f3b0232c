"""From the estate to what each vCenter should hold."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    Backup,
    Disk,
    Machine,
    Nic,
    Patching,
    Text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import DesiredMachine, DesiredVCenter, Item
from tests.support.builders import OTHER_VCENTER, VCENTER, make_estate, make_machine, make_system

ADOPTED_UUID = "503c7a5e-0000-4000-8000-00000000000a"


def kyotsu(estate: Estate) -> DesiredVCenter:
    return next(each for each in desired_state(estate, {}) if each.id == VCENTER)


def items(estate: Estate, kind: str) -> dict[str, Item]:
    return {item.name: item for item in kyotsu(estate).items if item.kind == kind}


def machine(of: Machine | None = None, **system: Any) -> DesiredMachine:
    (found,) = kyotsu(make_estate(make_system("s01", of or make_machine(), **system))).machines
    return found


def test_each_vcenter_holds_its_own_part_only() -> None:
    lgwan = make_system("s01", make_machine("a"))
    mynumber = make_system(
        "s02",
        make_machine("b", nics=(Nic(network="mynumber-servers", address="198.19.0.11"),)),
        cluster="mynumber",
        segment="mynumber",
    )
    first, second = desired_state(make_estate(lgwan, mynumber), {})
    assert ([each.key for each in first.machines], [each.key for each in second.machines]) == (["a"], ["b"])
    for kind, ours, theirs in (
        ("cluster", {"lgwan", "spare"}, {"mynumber"}),
        ("switch", {"dvs"}, {"dvs-mynumber"}),
        ("folder", {"hosted", "hosted/s01", "templates"}, {"hosted", "hosted/s02", "templates"}),
        ("template", {"tpl-debian-12"}, {"tpl-debian-12"}),
    ):
        assert {item.name for item in first.items if item.kind == kind} == ours
        assert {item.name for item in second.items if item.kind == kind} == theirs
    # Labels are the same everywhere, so that a search finds the same words.
    for kind in ("tag_category", "tag", "attribute", "access_role"):
        assert [each for each in first.items if each.kind == kind] == [
            each for each in second.items if each.kind == kind
        ]


def test_a_lab_has_its_own_name_of_the_data_centre_and_the_rest_keeps_that_of_the_estate() -> None:
    first, second = desired_state(make_estate(), {VCENTER: "lab-dc"})
    assert (first.datacenter, second.datacenter) == ("lab-dc", "dc-mynumber")
    assert Item(kind="datacenter", name="lab-dc") in first.items


def test_the_identity_follows_from_the_key_alone() -> None:
    estate = make_estate()
    expected = str(uuid.uuid5(uuid.UUID(estate.platform.estate.uuid_namespace), "s01-db-1"))
    assert machine().instance_uuid == expected
    assert machine(make_machine(name="renamed", cpu=8, memory_gb=9, flavour=None)).instance_uuid == expected
    assert machine(make_machine("s01-db-2")).instance_uuid != expected


def test_an_adopted_machine_keeps_the_identity_that_was_found() -> None:
    adopted = machine(make_machine(instance_uuid=ADOPTED_UUID))
    assert (adopted.instance_uuid, adopted.adopted) == (ADOPTED_UUID, True)
    assert adopted.attributes["kyotsu-origin"] == "adopted"
    assert machine().attributes["kyotsu-origin"] == "made"


def test_a_flavour_gives_the_size_and_numbers_of_its_own_go_without_one() -> None:
    assert (machine().cpu, machine().memory_gb) == (2, 8)
    own = machine(make_machine(flavour=None, cpu=6, memory_gb=48))
    assert (own.cpu, own.memory_gb) == (6, 48)


def test_the_mac_address_follows_from_the_address_unless_it_is_given() -> None:
    nics = (
        Nic(network="lgwan-servers", address="198.18.128.11"),
        Nic(network="lgwan-backup", address="198.19.129.255", mac="00:50:56:aa:bb:cc"),
    )
    first, second = machine(make_machine(nics=nics)).nics
    assert (first.port_group, first.mac) == ("pg-lgwan-servers", "00:50:56:12:80:0b")
    assert (second.port_group, second.mac) == ("pg-lgwan-backup", "00:50:56:aa:bb:cc")


def test_a_disk_may_lie_on_any_datastore_of_its_tier_in_its_cluster_and_on_no_other() -> None:
    disks = (Disk(name="system", size_gb=40, tier="fast"), Disk(name="data", size_gb=1, tier="standard"))
    first, second = machine(make_machine(disks=disks)).disks
    assert first.datastores == ("lgwan-fast-01", "lgwan-fast-02")
    assert second.datastores == ("lgwan-standard-01",)


def test_what_the_machine_says_goes_before_what_its_system_says() -> None:
    own = machine(
        make_machine(
            patch=Patching(wave="wave-1", window="sunday-day", freezes=("payment",)),
            backup=Backup(backup_class="tape-daily", offsite=True),
            status="planned",
        )
    )
    assert (own.tags["kyotsu-wave"], own.window, own.freezes, own.status) == (
        "wave-1",
        "sunday-day",
        ("payment",),
        "planned",
    )
    inherited = machine()
    assert (inherited.tags["kyotsu-wave"], inherited.window, inherited.freezes, inherited.status) == (
        "canary",
        "saturday-night",
        (),
        "in-service",
    )


def test_only_tags_and_attributes_that_the_platform_describes_are_set() -> None:
    found = machine()
    assert found.tags == {"kyotsu-segment": "lgwan", "kyotsu-wave": "canary"}
    assert found.attributes == {"kyotsu-key": "s01-db-1", "kyotsu-origin": "made", "kyotsu-owner": "org-1"}


def test_every_tag_that_a_machine_wears_is_described() -> None:
    estate = make_estate(make_system("s01", make_machine()))
    worn = {f"{category}/{tag}" for category, tag in kyotsu(estate).machines[0].tags.items()}
    assert worn <= set(items(estate, "tag"))


def test_the_note_says_whose_machine_it_is_and_where_it_is_described() -> None:
    note = machine(make_machine(notes=Text(ja="予備", en="Spare"))).notes
    assert "システムs01 / System s01: db" in note
    assert "予備 / Spare" in note
    assert "s01-db-1" in note


@pytest.mark.parametrize(
    ("role", "other"), [("db", "ap"), ("ap", "web"), ("web", "session"), ("directory", "broker"), ("file", "batch")]
)
def test_what_others_stand_on_is_made_first(role: str, other: str) -> None:
    assert machine(make_machine(role=role)).order < machine(make_machine(role=other)).order


# --- items ----------------------------------------------------------------------------------------------------------


def test_every_name_is_unique_in_its_kind() -> None:
    names = [(item.kind, item.name) for item in kyotsu(make_estate(make_system("s01", make_machine()))).items]
    assert len(names) == len(set(names))


def test_switch_and_datastore_reach_all_hosts_of_their_clusters() -> None:
    estate = make_estate()
    assert items(estate, "switch")["dvs"].properties["hosts"] == [
        "lgwan-esx01",
        "lgwan-esx02",
        "spare-esx01",
        "spare-esx02",
    ]
    assert items(estate, "datastore")["lgwan-fast-01"].properties["hosts"] == ["lgwan-esx01", "lgwan-esx02"]


def test_privileges_that_vcenter_adds_by_itself_are_no_part_of_a_role() -> None:
    assert items(make_estate(), "access_role")["kyotsu-reader"].properties == {"privileges": ["Datastore.Browse"]}


def test_a_system_that_is_retired_needs_neither_folder_nor_template() -> None:
    estate = make_estate(make_system("s01", make_machine(image="windows-2022"), status="retired"))
    assert "hosted/s01" not in items(estate, "folder")
    assert items(estate, "template") == {}


def test_the_template_of_a_planned_machine_is_wanted() -> None:
    estate = make_estate(make_system("s01", make_machine(image="windows-2022"), status="planned"))
    assert items(estate, "template")["tpl-windows-2022"].properties == {"guest_id": "windowsGuest", "disk_gb": 40}


# --- pairs ----------------------------------------------------------------------------------------------------------


def pair(*statuses: str, system: str = "s01") -> Any:
    return make_system(
        system,
        *(make_machine(f"{system}-{number}", pair="db", status=status) for number, status in enumerate(statuses)),
    )


def test_machines_of_a_pair_are_kept_apart() -> None:
    estate = make_estate(pair("in-service", "in-service", "retiring"))
    rules = items(estate, "separation")
    assert set(rules) == {"lgwan/s01-db"}
    uuids = sorted(each.instance_uuid for each in kyotsu(estate).machines)
    assert rules["lgwan/s01-db"].properties == {"machines": uuids}


@pytest.mark.parametrize("statuses", [("in-service",), ("in-service", "planned"), ("in-service", "retired")])
def test_a_pair_of_which_one_stands_alone_needs_no_rule(statuses: tuple[str, ...]) -> None:
    assert items(make_estate(pair(*statuses)), "separation") == {}


def test_pairs_of_two_systems_of_the_same_word_are_two_rules() -> None:
    estate = make_estate(pair("in-service", "in-service"), pair("in-service", "in-service", system="s02"))
    assert set(items(estate, "separation")) == {"lgwan/s01-db", "lgwan/s02-db"}


def test_no_rule_of_one_vcenter_stands_in_the_other() -> None:
    other = next(
        each for each in desired_state(make_estate(pair("in-service", "in-service")), {}) if each.id == OTHER_VCENTER
    )
    assert [item for item in other.items if item.kind == "separation"] == []
