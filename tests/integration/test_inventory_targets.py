"""The two inventories: production is complete and loads offline, the lab can never be mistaken for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = REPOSITORY / ".venv/bin"
INVENTORIES = ("lab", "production")


def target_file(name: str) -> dict[str, Any]:
    path = REPOSITORY / "inventory" / name / "group_vars/all/target.yml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def playbook(name: str, *arguments: str, lab: str = "no-such-lab") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "ansible-playbook"), f"playbooks/{name}", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "KYOTSU_LAB": lab},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("name", INVENTORIES)
def test_an_inventory_lists_without_network_lab_or_secrets(name: str) -> None:
    finished = subprocess.run(
        ["unshare", "--net", str(BIN / "ansible-inventory"), "-i", f"inventory/{name}", "--list"]
        if os.geteuid() == 0
        else [str(BIN / "ansible-inventory"), "-i", f"inventory/{name}", "--list"],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "KYOTSU_LAB": "no-such-lab"},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    assert len(json.loads(finished.stdout)["machines"]["hosts"]) > 100


@pytest.mark.parametrize("name", INVENTORIES)
def test_every_password_of_a_vcenter_is_a_lookup(name: str) -> None:
    for vcenter in target_file(name)["kyotsu_target"]["vcenters"]:
        assert re.fullmatch(r"\{\{ lookup\('ansible\.builtin\.file', .*\) \}\}", vcenter["password"])


def test_production_has_no_word_that_could_be_a_secret() -> None:
    content = target_file("production")
    assert "host_password" not in content["kyotsu_host_login"]
    assert all(word.startswith("{{ lookup(") for word in content["kyotsu_host_login"]["host_passwords"].values())
    url = content["kyotsu_target"]["records_url"]
    assert url.startswith("postgresql+psycopg://kyotsu_records@")
    assert "sslmode=verify-full" in url
    assert "passfile=" in url


def test_both_inventories_cover_every_vcenter_of_the_platform() -> None:
    platform = yaml.safe_load((REPOSITORY / "platform/vcenters.yml").read_text(encoding="utf-8"))["vcenters"]
    for name in INVENTORIES:
        assert [each["id"] for each in target_file(name)["kyotsu_target"]["vcenters"]] == [
            each["id"] for each in platform
        ]


def test_the_two_have_the_same_shape_and_no_data_centre_in_common() -> None:
    lab, production = (target_file(name)["kyotsu_target"] for name in INVENTORIES)
    assert lab.keys() == production.keys()
    assert (lab["production"], production["production"]) == (False, True)
    names = [{vcenter["datacenter"] for vcenter in target["vcenters"]} for target in (lab, production)]
    assert not names[0] & names[1]


def test_without_an_order_everything_reads_with_the_account_that_cannot_write() -> None:
    assert {target_file(name)["kyotsu_account"] for name in INVENTORIES} == {"reader"}


@pytest.mark.parametrize("name", ["plan.yml", "provision.yml", "foundation.yml"])
def test_a_lab_that_does_not_run_is_one_clear_message(name: str) -> None:
    finished = playbook(name)
    assert finished.returncode != 0
    assert "Start it with `make lab-up`" in re.sub(r"\s+", " ", finished.stdout)
    assert "Traceback" not in finished.stdout + finished.stderr


@pytest.mark.parametrize("name", ["plan.yml", "provision.yml", "foundation.yml"])
def test_production_without_its_secrets_says_which_file_is_missing_and_touches_nothing(name: str) -> None:
    finished = playbook(name, "-i", "inventory/production")
    assert finished.returncode != 0
    assert re.search(r"Unable to access the file\s+'+/etc/kyotsu-platform/[^']+\.(password|yml)'", finished.stdout)
    assert "Traceback" not in finished.stdout + finished.stderr


def test_nobody_gives_a_plan_the_account_that_writes() -> None:
    finished = playbook("plan.yml", "-e", "kyotsu_account=provision")
    assert finished.returncode != 0
    assert "reader" in finished.stdout


def test_an_environment_that_contradicts_itself_is_refused() -> None:
    target = json.dumps({"kyotsu_target": {"environment": "lab", "production": True, "vcenters": []}})
    finished = playbook("plan.yml", "-e", target)
    assert finished.returncode != 0
    assert "Only lab with false and production with true are known" in re.sub(r"\s+", " ", finished.stdout)


def test_a_lab_that_leads_to_another_machine_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path, hostname="192.0.2.1", ca_file=tmp_path / "ca.pem")


def test_a_lab_that_trusts_the_authority_of_another_lab_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path, hostname="127.0.0.1", ca_file=tmp_path.with_name(f"{tmp_path.name}-other") / "ca.pem")


def assert_refused(lab: Path, *, hostname: str, ca_file: Path) -> None:
    vcenter = {"hostname": hostname, "port": 443}
    description = {"ca_file": str(ca_file), "vcenters": {"vc-kyotsu": vcenter, "vc-mynumber": vcenter}}
    (lab / "lab.json").write_text(json.dumps(description), encoding="utf-8")
    finished = playbook("provision.yml", "-e", f"kyotsu_lab_directory={lab}")
    assert finished.returncode != 0
    assert "names a vCenter on another machine" in re.sub(r"\s+", " ", finished.stdout)
