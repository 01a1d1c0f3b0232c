"""Plans in Japanese: every kind, risk and field that a plan can hold has its word."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_items import _RISK
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_words import change_japanese
from ansible_collections.kyotsu.platform.plugins.module_utils.state import KINDS
from ansible_collections.kyotsu.platform.plugins.module_utils.words import KINDS as KIND_WORDS
from ansible_collections.kyotsu.platform.plugins.module_utils.words import RISKS as RISK_WORDS
from tests.support.builders import make_change


def test_every_kind_and_risk_has_a_word() -> None:
    assert set(KIND_WORDS) == set(KINDS)
    assert set(RISK_WORDS) == set(RISKS)


@pytest.mark.parametrize("field", sorted({name for _, name in _RISK}))
def test_every_property_of_the_foundation_has_a_word(field: str) -> None:
    text = change_japanese(make_change(kind="cluster", field=field, before=1, after=2))
    assert text.endswith(": 1 → 2")
    assert text.startswith(("HA", "DRS", "MTU", "VLAN", "NFS", "CPU")) or not text.isascii()


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("memory_gb", "メモリ（GiB）: 8 → 16"),
        ("disk:data", "ディスク（GiB） data: 8 → 16"),
        ("nic+:1", "ネットワーク接続の追加 1: 8 → 16"),
        ("tag:kyotsu-wave", "タグ kyotsu-wave: 8 → 16"),
    ],
)
def test_a_change_of_a_machine_reads_as_people_say_it(field: str, word: str) -> None:
    assert change_japanese(make_change(field=field, before=8, after=16)) == word
