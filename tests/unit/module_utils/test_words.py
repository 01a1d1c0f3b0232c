"""One table of words, and both languages wherever a person is told why something is not done."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils import plan_words, review_words
from ansible_collections.kyotsu.platform.plugins.module_utils.gate import Gate
from ansible_collections.kyotsu.platform.plugins.module_utils.prerequisites import split_by_prerequisites
from ansible_collections.kyotsu.platform.plugins.module_utils.words import FIELDS, KINDS, RISKS, kind_name
from tests.support.builders import make_change, make_estate
from tests.support.small_estate import ROOT

CORE = ROOT / "plugins/module_utils"
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
TELLERS = ("compare.py", "compare_items.py", "compare_machines.py", "gate.py", "prerequisites.py", "drift.py")


def texts(file: str) -> Iterator[tuple[int, str, str]]:
    """(line, English, Japanese) of every Text(en=…, ja=…) and refuse(en, ja): the literal parts of what is said."""
    for node in ast.walk(ast.parse((CORE / file).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        named = {each.arg: each.value for each in node.keywords}
        if isinstance(node.func, ast.Name) and node.func.id == "Text" and {"en", "ja"} <= named.keys():
            yield node.lineno, literal(named["en"]), literal(named["ja"])
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "refuse":
            english, japanese = node.args
            yield node.lineno, literal(english), literal(japanese)


def literal(node: ast.AST) -> str:
    return "".join(
        each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


@pytest.mark.parametrize("file", TELLERS)
def test_what_is_told_in_english_is_told_in_japanese(file: str) -> None:
    found = [(line, en, ja) for line, en, ja in texts(file) if re.search("[a-z]{3}", en)]
    assert len(found) >= 1
    assert [(line, en) for line, en, ja in found if not _JAPANESE.search(ja)] == []


def test_what_waits_says_so_in_both_languages() -> None:
    gate = Gate(make_estate(), datetime(2026, 11, 24, 3, tzinfo=UTC))
    (held,) = gate.decide([make_change(risk="outage", kind="cluster", field="drs")]).held
    assert held.reason.ja.startswith("業務の中断を伴う: 作業時間帯")
    assert "次回 " in held.reason.ja


def test_what_is_missing_is_named_with_its_kind_in_both_languages() -> None:
    change = make_change(field="folder", after="hosted/s01")
    (refusal,) = split_by_prerequisites([change], [])[1]
    assert refusal.reason.en == "missing in vCenter: folder hosted/s01; run playbooks/foundation.yml first"
    assert refusal.reason.ja == (
        "vCenter に存在しません: フォルダ hosted/s01。先に playbooks/foundation.yml を実行してください"
    )


def test_plans_and_reviews_have_no_words_of_their_own() -> None:
    for module in (plan_words, review_words):
        tables = [name for name, value in vars(module).items() if isinstance(value, dict) and not name.startswith("__")]
        assert {
            name for name in tables if getattr(module, name) not in (FIELDS, KINDS, RISKS, plan_words.NUMBERED)
        } == set()


def test_a_kind_is_named_in_both_languages() -> None:
    assert (kind_name("cluster", "lgwan").en, kind_name("cluster", "lgwan").ja) == ("cluster lgwan", "クラスタ lgwan")
