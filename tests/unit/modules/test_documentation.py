"""What ansible-doc says of a module is what the module takes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.doc_fragments.target import ModuleDocFragment
from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import arguments

SHARED = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
OWN_ARGUMENTS = {
    "plan": {"names", "part", "output"},
    "drift": {"names", "report"},
    "collect": set(),
    "foundation": {"plan_file", "emergency", "approval"},
    "machines": {"names", "plan_file", "emergency", "approval"},
    "vault": {"tape", "step", "names", "reports", "day", "at", "people", "tapes", "pool", "scan", "seals", "reason"}
    | {"certificate", "document", "media_seconds"},
}


def shape(options: dict[str, Any], nested: str) -> dict[str, Any]:
    """Names, types and nesting; both forms have the same keys but for the name of the nested ones."""
    return {
        name: {
            "type": option["type"],
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "elements": option.get("elements"),
            "options": shape(option.get(nested, {}), nested),
        }
        for name, option in options.items()
    }


def test_the_shared_options_are_documented_as_they_are_taken() -> None:
    assert shape(SHARED, "suboptions") == shape(arguments(), "options")


def test_no_password_is_ever_logged() -> None:
    target = arguments()["target"]["options"]
    assert target["host_password"]["no_log"] is True
    assert target["host_passwords"]["no_log"] is True
    assert target["vcenters"]["options"]["password"]["no_log"] is True


@pytest.mark.parametrize("name", OWN_ARGUMENTS)
def test_a_module_documents_its_own_options_and_what_it_returns(name: str) -> None:
    module = import_module(f"ansible_collections.kyotsu.platform.plugins.modules.{name}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["module"] == name
    assert set(documentation["options"]) == OWN_ARGUMENTS[name]
    assert documentation["extends_documentation_fragment"] == ["kyotsu.platform.target"]
    assert f"kyotsu.platform.{name}" in yaml.safe_load(module.EXAMPLES)[0]
    assert set(yaml.safe_load(module.RETURN)) == set(RETURNED_BY.get(name, RETURNED))


RETURNED = ("digest", "results", "summary", "unmanaged", "diff", "calls", "seconds", "plan_file", "notes")
# A report is no result per object.
RETURNED_BY = {
    "vault": (
        *("step", "day", "text", "findings", "outgoing", "incoming", "waiting"),
        *("copied", "read_back", "recorded", "files", "seconds"),
    ),
    "drift": ("counts", "found", "overdue", "deviations", "text", "files", "calls", "seconds"),
    "collect": (
        "saved",
        "taken_at",
        "counts",
        "missing",
        "reduced_days",
        "forgotten",
        "gap_minutes",
        "text",
        "seconds",
    ),
}
