"""D-02 and D-03 are about certificates of erasure, which decommission issues: their examples are certificates."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement import guards
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import replay
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import Facts, Medium, Refusal, refusals
from tests.support.small_estate import ROOT
from tests.support.yaml_files import read_yaml
from tests.unit.module_utils.rules.test_rules import CERTIFICATE_RULES, EXAMPLES

FILES = [file for file in sorted(EXAMPLES.glob("*/*.yml")) if file.parent.name in CERTIFICATE_RULES]
SOUND = Facts(
    name="s06-db01",
    as_of=date(2026, 12, 1),
    certificate_attached=True,
    witness="職員 立会",
    media=(Medium(serial="DISK-1", treatment="destroyed", must_destroy=True, on_asset_list=True),),
)


def certify(example: dict[str, Any]) -> tuple[Refusal, ...]:
    """What is said of a sound certificate after the changes of an example."""
    changes = dict(example["certificate"])
    if "media" in changes:
        changes["media"] = tuple(Medium(**each) for each in changes["media"])
    return refusals(replay("s06-db-1", []), "certify", dataclasses.replace(SOUND, **changes))


def test_every_rule_has_an_example() -> None:
    assert {file.parent.name for file in FILES} == set(CERTIFICATE_RULES)


def test_a_sound_certificate_breaks_nothing() -> None:
    assert certify({"certificate": {}}) == ()


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}-{file.stem}" for file in FILES])
def test_the_example_is_refused_and_nobody_else_would_notice(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = read_yaml(file)
    (refusal,) = certify(example)
    assert example["message"] in refusal.text.en
    assert refusal.text.ja
    policy = read_yaml(ROOT / "platform/policy.yml")
    (rule,) = (each for each in policy["rules"] if each["id"] == file.parent.name)
    assert rule["severity"] == example["severity"]
    monkeypatch.setitem(guards._GUARDS, "certify", ())
    assert certify(example) == (), "without the guard nobody notices"
