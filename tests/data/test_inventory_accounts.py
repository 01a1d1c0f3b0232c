"""Rule L-08 in production's inventory: no account and no secret of one vCenter is used for another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
Fields = dict[str, Any]


def load(file: str) -> Fields:
    content = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


CONTENT = load("inventory/production/group_vars/all/target.yml")
TARGET = CONTENT["kyotsu_target"]
VCENTERS: dict[str, Fields] = {entry["id"]: entry for entry in TARGET["vcenters"]}
ISOLATED = {entry["id"] for entry in load("platform/segments.yml")["segments"] if entry.get("exposure") == "isolated"}
SEGMENTS = {entry["id"]: set(entry["segments"]) for entry in load("platform/vcenters.yml")["vcenters"]}


@pytest.mark.parametrize("name", VCENTERS)
def test_the_secret_of_a_vcenter_is_its_own_and_a_lookup(name: str) -> None:
    password = VCENTERS[name]["password"]
    assert password.startswith("{{ lookup(")
    named = {other for other in VCENTERS if re.search(rf"\b{re.escape(other)}\b", password)}
    assert named == {name}


def test_the_password_of_the_hosts_is_each_vcenters_own() -> None:
    passwords: dict[str, str] = CONTENT["kyotsu_host_login"]["host_passwords"]
    assert set(passwords) == set(VCENTERS)
    for name, password in passwords.items():
        assert {other for other in VCENTERS if re.search(rf"\b{re.escape(other)}\b", password)} == {name}


def test_a_node_that_is_cut_down_to_one_vcenter_needs_no_secret_of_another() -> None:
    """What is left of the inventory without an isolated vCenter's own entries names none of its secrets."""
    for isolated in (name for name, segments in SEGMENTS.items() if segments & ISOLATED):
        left = dict(CONTENT)
        left["kyotsu_target"] = {**TARGET, "vcenters": [each for each in TARGET["vcenters"] if each["id"] != isolated]}
        login = CONTENT["kyotsu_host_login"]
        passwords = {name: word for name, word in login["host_passwords"].items() if name != isolated}
        left["kyotsu_host_login"] = {**login, "host_passwords": passwords}
        assert isolated not in yaml.safe_dump(left, allow_unicode=True)
        assert isolated in yaml.safe_dump(CONTENT, allow_unicode=True)


def test_no_two_vcenters_have_an_endpoint_or_a_secret_in_common() -> None:
    for field in ("hostname", "password", "datacenter"):
        values = [entry[field] for entry in VCENTERS.values()]
        assert len(set(values)) == len(values), field


def test_an_isolated_segment_has_a_vcenter_of_its_own() -> None:
    assert ISOLATED
    for name, segments in SEGMENTS.items():
        assert len(segments) == 1 or not segments & ISOLATED, name
