"""The 39 hosted systems, file by file: official names, what is assumed, shapes, and the rules of this data.

What the schema and `make validate` check (types, references, capacity) is not checked again here.
"""

from __future__ import annotations

import functools
import graphlib
import ipaddress
from pathlib import Path
from typing import Any

import pytest

from tests.support.yaml_files import read_yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = {path.name: path for path in sorted((ROOT / "systems").glob("s[0-9][0-9]-*.yml"))}

Fields = dict[str, Any]

# What the report gives, and what follows from our own numbering of its list.
NOT_ASSUMED = {"id", "slug", "kind", "report_number", "name", "assumed"}
IN_DEPTH = {"s02", "s05", "s09"}
# Rule T-02, beside 年度切替, which holds for everybody without being named.
BUSY_SEASONS = {
    "s05": {"s05-personnel"},
    "s07": {"s07-budget"},
    "s08": {"accounts-closing"},
    "s09": {"accounts-closing"},
    "s31": {"s31-payment", "s31-status-report"},
    "s38": {"s38-contracts"},
}
# Between segments only what is registered: the common codes for all, and the claims of s36 for debt management.
REGISTERED_CROSSINGS = {("s36", "s12")}
SERVERS_NETWORK = {"internet": "198.18.0.0", "lgwan": "198.18.128.0", "mynumber": "198.19.0.0"}
LEAST_SYSTEM_DISK_GB = {"debian-12": 40, "windows-server-2022": 100}

each_file = pytest.mark.parametrize("file", FILES)


def _yaml(path: Path) -> Fields:
    content = read_yaml(path)
    assert isinstance(content, dict), f"{path} is not a mapping"
    return content


@functools.cache
def system(file: str) -> Fields:
    return _yaml(FILES[file])


@functools.cache
def platform(name: str) -> Fields:
    return _yaml(ROOT / "platform" / f"{name}.yml")


def shape(content: Fields) -> tuple[Any, ...]:
    """Roles, sizes and disks of a system's machines: what makes two systems look alike."""
    return tuple(
        sorted(
            (
                machine["role"],
                machine.get("flavour") or f"{machine['cpu']}/{machine['memory_gb']}",
                machine["image"],
                tuple(disk["size_gb"] for disk in machine["disks"]),
            )
            for machine in content["machines"]
        )
    )


def pairs(content: Fields) -> dict[str, list[Fields]]:
    found: dict[str, list[Fields]] = {}
    for machine in content["machines"]:
        if "pair" in machine:
            found.setdefault(machine["pair"], []).append(machine)
    return found


def test_the_files_carry_the_official_names_in_the_reports_order() -> None:
    official = platform("report")["hosted_systems"]
    assert {system(file)["report_number"]: system(file)["name"] for file in FILES} == official
    assert [system(file)["report_number"] for file in FILES] == list(official)


@each_file
def test_the_file_name_is_id_and_slug_and_the_id_is_the_reports_number(file: str) -> None:
    content = system(file)
    assert file == f"{content['id']}-{content['slug']}.yml"
    assert content["id"] == f"s{content['report_number']:02d}"
    assert content["kind"] == "hosted"


@each_file
def test_every_field_that_the_report_does_not_give_is_marked_as_assumed(file: str) -> None:
    content = system(file)
    assert sorted(content["assumed"]) == sorted(set(content) - NOT_ASSUMED)


@each_file
def test_no_other_system_has_the_same_shape(file: str) -> None:
    alike = [other for other in FILES if other != file and shape(system(other)) == shape(system(file))]
    assert not alike, f"{file} is a copy of {alike}: give each the machines that its own work needs"


@each_file
def test_no_text_is_copied_from_another_system(file: str) -> None:
    for field in ("description", "shape_reason"):
        for language in ("ja", "en"):
            text = system(file)[field][language]
            assert not [other for other in FILES if other != file and system(other)[field][language] == text], text


@each_file
def test_keys_and_names_follow_system_role_and_number(file: str) -> None:
    content = system(file)
    counted: dict[str, int] = {}
    for machine in content["machines"]:
        number = counted[machine["role"]] = counted.get(machine["role"], 0) + 1
        assert machine["key"] == f"{content['id']}-{machine['role']}-{number}"
        assert machine["name"] == f"{content['id']}-{machine['role']}{number:02d}"


@each_file
def test_addresses_lie_in_the_systems_own_block_of_its_segment(file: str) -> None:
    content = system(file)
    first = ipaddress.IPv4Address(SERVERS_NETWORK[content["segment"]]) + 32 + 16 * content["report_number"]
    block = ipaddress.IPv4Network(f"{first}/28")
    for machine in content["machines"]:
        for nic in machine["nics"]:
            assert nic["network"] == f"{content['segment']}-servers", machine["key"]
            assert ipaddress.IPv4Address(nic["address"]) in block, machine["key"]
    assert content["cluster"] == f"kyotsu-{content['segment']}"


@each_file
def test_disks_begin_with_a_large_enough_system_disk_and_databases_are_fast(file: str) -> None:
    for machine in system(file)["machines"]:
        first, *others = machine["disks"]
        assert first["name"] == "system"
        assert first["size_gb"] >= LEAST_SYSTEM_DISK_GB[machine["image"]], machine["key"]
        if machine["role"] == "db":
            assert [disk["tier"] for disk in others if disk["name"] == "data"] == ["fast"], machine["key"]
        if machine.get("stateless"):
            assert not others, f"{machine['key']} is stateless and has a data disk"


@each_file
def test_a_pair_is_two_or_more_machines_of_one_role_and_image(file: str) -> None:
    # Not of one size: one of the two may get its memory first.
    for name, members in pairs(system(file)).items():
        assert len(members) >= 2, f"pair {name} has one machine only"
        assert len({(machine["role"], machine["image"]) for machine in members}) == 1, name


@each_file
def test_availability_2_means_a_pair_a_backup_a_short_recovery_and_the_critical_pool(file: str) -> None:
    content = system(file)
    if content["classification"]["availability"] == "2":
        assert {"db", "ap"} & {members[0]["role"] for members in pairs(content).values()}
        assert content["backup"]["backup_class"] != "none"
        assert content["recovery"]["rto_hours"] <= 24
        assert content["resource_pool"] == "critical"
    else:
        assert content["resource_pool"] == "standard"


@each_file
def test_a_backup_runs_as_often_as_the_recovery_point_asks(file: str) -> None:
    content = system(file)
    frequency = {entry["id"]: entry["frequency_hours"] for entry in platform("backup")["backup_classes"]}
    assert frequency[content["backup"]["backup_class"]] <= content["recovery"]["rpo_hours"]


@each_file
def test_the_backup_goes_off_site_exactly_for_the_owners_that_the_report_names(file: str) -> None:
    content = system(file)
    units = {unit["id"]: unit for unit in platform("organisations")["organisations"]}
    unit: Fields | None = units[content["owner"]]
    required = False
    while unit is not None:
        required = required or unit.get("offsite_required", False)
        unit = units.get(unit.get("parent"))
    assert content["backup"]["offsite"] is required
    assert content["backup"]["backup_class"].endswith("-offsite") is required


@each_file
def test_busy_seasons_are_freezes(file: str) -> None:
    content = system(file)
    freezes = set(content["patch"].get("freezes", []))
    assert freezes >= BUSY_SEASONS.get(content["id"], set())
    every_payment = {
        freeze["id"] for freeze in platform("patching")["freezes"] if freeze["id"].startswith(f"{content['id']}-")
    }
    assert freezes >= every_payment, "a freeze that carries the system's id is missing in its file"


@each_file
def test_a_dependency_on_another_segment_is_a_registered_one(file: str) -> None:
    content = system(file)
    segments = {system(other)["id"]: system(other)["segment"] for other in FILES}
    for dependency in content.get("depends_on", []):
        needed = dependency.get("system")
        if needed in segments and segments[needed] != content["segment"]:
            assert needed == "s13" or (content["id"], needed) in REGISTERED_CROSSINGS


def test_dependencies_have_no_cycle() -> None:
    graph = {
        system(file)["id"]: {
            dependency["system"] for dependency in system(file).get("depends_on", []) if "system" in dependency
        }
        for file in FILES
    }
    graphlib.TopologicalSorter(graph).prepare()


@each_file
def test_a_system_with_individual_numbers_asks_the_addressee_system(file: str) -> None:
    content = system(file)
    asks = "atena" in {dependency.get("external") for dependency in content.get("depends_on", [])}
    assert asks is (content["segment"] == "mynumber")


@pytest.mark.parametrize("file", [file for file in FILES if file[:3] in IN_DEPTH])
def test_a_system_worked_out_in_depth_has_pairs_batch_files_and_reasons(file: str) -> None:
    content = system(file)
    machines = content["machines"]
    assert len(machines) >= 4
    assert {"db", "ap", "batch", "file"} <= {machine["role"] for machine in machines}
    assert {"db", "ap"} <= set(pairs(content))
    assert len(content["service"]["peaks"]) >= 3
    assert content["depends_on"]
    assert any("notes" in machine for machine in machines)
    assert all("mount" in disk for machine in machines for disk in machine["disks"])


def test_the_three_systems_worked_out_in_depth_are_there() -> None:
    assert {system(file)["id"] for file in FILES} >= IN_DEPTH
