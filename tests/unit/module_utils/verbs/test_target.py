"""What a target is made of, and what production takes from nobody's choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import target_from


def arguments(**fields: Any) -> dict[str, Any]:
    vcenter = {"id": "vc-a", "hostname": "a", "port": 443, "username": "u", "password": "hunter2", "datacenter": "dc"}
    usual = {
        "environment": "lab",
        "production": False,
        "repository": "/nowhere",
        "records_url": "sqlite:///x",
        "vcenters": [vcenter],
    }
    return {**usual, **fields}


@pytest.mark.parametrize(
    ("production", "asked", "required"),
    [(True, None, True), (True, False, True), (False, None, False), (False, False, False), (False, True, True)],
)
def test_production_asks_for_an_approval_whatever_its_inventory_says(
    production: bool, asked: bool | None, required: bool
) -> None:
    fields = {} if asked is None else {"require_approval": asked}
    assert target_from(arguments(production=production, **fields)).require_approval is required


def test_no_secret_is_shown_with_a_target() -> None:
    secrets = {"host_password": "hunter2", "host_passwords": {"vc-a": "hunter2"}}
    shown = repr(target_from(arguments(records_url="postgresql://u:hunter2@h/d", **secrets)))
    assert "hunter2" not in shown


def test_keys_of_administrators_are_lines_of_a_file_that_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "keys.pub"
    file.write_text("# people\n\nssh-ed25519 AAAA one\n", encoding="utf-8")
    assert target_from(arguments(administrator_keys_file=str(file))).administrator_keys == ("ssh-ed25519 AAAA one",)
    with pytest.raises(VerbRefused, match="nobody could log in"):
        target_from(arguments(administrator_keys_file=str(tmp_path / "absent")))
