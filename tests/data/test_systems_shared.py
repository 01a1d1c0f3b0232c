"""The systems that are not hosted for a division: virtual desktops, infrastructure, and the platform's own servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.yaml_files import read_yaml

ROOT = Path(__file__).resolve().parents[2]
Fields = dict[str, Any]

FILES = {
    path.stem: read_yaml(path)
    for kind in ("vdi", "infra", "platform")
    for path in sorted((ROOT / "systems").glob(f"{kind}-*.yml"))
}
REPORT = read_yaml(ROOT / "platform" / "report.yml")
KINDS = {"vdi": "vdi", "infra": "infrastructure", "platform": "platform"}
# What the report gives beside the names of the equipment.
FACTS = {"id", "kind", "equipment_name", "assumed"}

each_file = pytest.mark.parametrize("name", FILES)


def machines(name: str) -> list[Fields]:
    found = FILES[name].get("machines", [])
    assert isinstance(found, list)
    return found


def test_the_groups_of_servers_of_the_report_are_there() -> None:
    assert set(FILES) == {
        "vdi-lgwan",
        "vdi-mynumber",
        "vdi-tax",
        "infra-common",
        "infra-mynumber",
        "infra-antivirus-internet",
        "infra-antivirus-lgwan",
        "infra-antivirus-mynumber",
        "platform-internet",
        "platform-lgwan",
        "platform-mynumber",
    }


@each_file
def test_file_name_is_id_and_kind_follows_it(name: str) -> None:
    assert FILES[name]["id"] == name
    assert FILES[name]["kind"] == KINDS[name.split("-", maxsplit=1)[0]]


@each_file
def test_equipment_is_named_as_the_report_names_it(name: str) -> None:
    official = {"仮想端末用サーバ機器等", *REPORT["infrastructure_servers"]}
    if FILES[name]["kind"] == "platform":
        assert "equipment_name" not in FILES[name]
    else:
        assert FILES[name]["equipment_name"] in official


@each_file
def test_what_is_not_a_fact_of_the_report_is_marked_as_assumed(name: str) -> None:
    content = FILES[name]
    facts = set(content) - set(content["assumed"])
    # The report gives 情報基盤, VDI and 共通プラットフォーム to 基盤調整グループ, some segments, and the assets.
    assert facts <= FACTS | {"owner", "segment", "assets"}
    assert set(content["assumed"]) <= set(content)
    assert ("owner" in facts) == (not name.startswith("infra-antivirus"))


@each_file
def test_keys_and_names_follow_system_role_and_number(name: str) -> None:
    counted: dict[str, int] = {}
    for machine in machines(name):
        number = counted[machine["role"]] = counted.get(machine["role"], 0) + 1
        assert machine["key"] == f"{name}-{machine['role']}-{number}"
        if machine["image"] != "windows-server-2022":
            assert machine["name"] == f"{name}-{machine['role']}{number:02d}"
        else:
            # Shorter, since Windows takes 15 characters at most (rule A-07).
            assert machine["name"].endswith(f"-{machine['role'][:4]}{number:02d}")


@each_file
def test_windows_is_only_where_it_has_to_be(name: str) -> None:
    for machine in machines(name):
        assert (machine["image"] == "windows-server-2022") == (machine["role"] in {"session", "terminal"})


@each_file
def test_a_machine_without_backup_holds_no_data_of_its_own(name: str) -> None:
    content = FILES[name]
    for machine in machines(name):
        backup = machine.get("backup", content["backup"])
        if backup["backup_class"] == "none":
            assert machine.get("stateless") is True, machine["key"]


@each_file
def test_members_of_a_pair_are_not_patched_in_the_same_hours_of_one_wave(name: str) -> None:
    content = FILES[name]
    pairs: dict[str, list[tuple[str, str]]] = {}
    for machine in machines(name):
        if "pair" in machine:
            patch = machine.get("patch", content["patch"])
            pairs.setdefault(machine["pair"], []).append((patch["wave"], patch["window"]))
    for pair, patches in pairs.items():
        assert len(set(patches)) == len(patches) >= 2, pair


def test_important_data_of_the_infrastructure_servers_goes_off_site() -> None:
    for name in ("infra-common", "infra-mynumber"):
        assert FILES[name]["backup"] == {"backup_class": "tape-daily-offsite", "offsite": True}
        first = {machine["role"]: machine for machine in reversed(machines(name))}
        for role in {"directory", "file", "mail", "mdrive"} & set(first):
            assert "backup" not in first[role], f"{name} {role}: its first machine follows the system"


def test_the_functions_of_the_report_have_machines() -> None:
    roles = {machine["role"] for machine in machines("infra-common")}
    assert roles == {"directory", "mail", "web", "file", "mdrive", "teams", "terminal"}
    assert len(roles) == len(REPORT["infrastructure_servers"]["情報基盤サーバ機器等"])
    assert {machine["role"] for machine in machines("infra-mynumber")} == {"directory", "terminal", "file"}


def test_dedicated_terminals_are_as_many_as_the_report_says_and_biometric_devices_uncounted() -> None:
    assets = {asset["key"]: asset for asset in FILES["vdi-mynumber"]["assets"]}
    assert assets["mynumber-terminal"]["count"] == REPORT["terminals"]["of_which_mynumber"]
    assert assets["biometric-device"]["count"] is None


def test_desktops_are_fewer_than_terminals_and_of_both_systems() -> None:
    pools = [pool for content in FILES.values() for pool in content.get("desktop_pools", [])]
    assert sum(pool["count"] for pool in pools) < REPORT["terminals"]["total"]
    images = {pool["key"]: pool["image"] for pool in pools}
    assert images == {
        "lgwan-staff": "windows-11-desktop",
        "lgwan-linux": "debian-12-desktop",
        "mynumber-staff": "windows-11-desktop",
        "tax-internet": "debian-12-desktop",
    }


def test_each_segment_has_a_backup_server_a_mirror_and_monitoring_of_its_own() -> None:
    for segment in ("internet", "lgwan", "mynumber"):
        content = FILES[f"platform-{segment}"]
        assert content["segment"] == segment
        assert [machine["role"] for machine in content["machines"]] == ["backup", "mirror", "monitoring"]
        assert {nic["network"] for machine in content["machines"] for nic in machine["nics"]} == {f"{segment}-platform"}
