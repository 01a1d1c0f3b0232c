"""What ansible-doc says of guest_files is what it takes."""

from __future__ import annotations

import dataclasses
from typing import Any

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.guest_files import GuestFile
from ansible_collections.kyotsu.platform.plugins.modules import guest_files


def shape(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: (option["type"], option.get("required", False), option.get("default"), option.get("elements"))
        for name, option in options.items()
    }


def test_the_options_are_documented_as_they_are_taken() -> None:
    documented = yaml.safe_load(guest_files.DOCUMENTATION)["options"]["files"]["suboptions"]
    assert shape(documented) == shape(guest_files.FILE)
    assert set(documented) == {field.name for field in dataclasses.fields(GuestFile)}


def test_the_defaults_are_those_of_the_core() -> None:
    for field in dataclasses.fields(GuestFile):
        given = guest_files.FILE[field.name].get("default")
        assert field.default is dataclasses.MISSING or given == field.default
