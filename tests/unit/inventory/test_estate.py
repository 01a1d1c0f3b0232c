from __future__ import annotations

from pathlib import Path

import pytest
from ansible.template import is_trusted_as_template

from ansible_collections.kyotsu.platform.plugins.inventory.estate import InventoryModule, _plain


@pytest.mark.parametrize(("name", "ours"), [("estate.yml", True), ("estate.yaml", True), ("localhost.yml", False)])
def test_only_a_file_of_our_name_is_read(tmp_path: Path, name: str, ours: bool) -> None:
    (tmp_path / name).write_text("plugin: kyotsu.platform.estate\n", encoding="utf-8")
    assert InventoryModule().verify_file(str(tmp_path / name)) is ours


def test_a_file_that_is_not_there_is_not_read(tmp_path: Path) -> None:
    assert InventoryModule().verify_file(str(tmp_path / "estate.yml")) is False


def test_a_text_is_plain_unless_it_could_be_a_template() -> None:
    value = _plain({"disks": [{"name": "system", "mount": None, "size_gb": 40}], "name": "{{ 6 * 7 }}"})
    assert is_trusted_as_template(value["disks"][0]["name"])
    assert not is_trusted_as_template(value["name"])
    assert value == {"disks": [{"name": "system", "mount": None, "size_gb": 40}], "name": "{{ 6 * 7 }}"}
