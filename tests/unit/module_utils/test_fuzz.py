"""Whatever stands in a file: findings, never an exception, and soon."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import check
from ansible_collections.kyotsu.platform.plugins.module_utils.source import parse
from tests.support.small_estate import AS_OF, S02, SMALL, copy_small

FAST = settings(
    deadline=timedelta(seconds=2), max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PIECES = [
    "a", "b: ", "- ", "? ", ": ", "\n", "\n  ", "\n\t", "{", "}", "[", "]", ",", "&a ", "*a", "!!str ", "!x ", "|\n",
    ">-\n", "'", '"', "#", "%YAML 1.2\n", "---\n", "...\n", "<<: ", "22:30", "010", "yes", "~", "=", "-", "0x", "1e5",
    ".", "\\x00", "\\", "\r", "\u0085", "\u2028", "\ufeff", "漢", "\x00", "9" * 400, "on: ", "@", "`",
]  # fmt: skip


@FAST
@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b"\x80" * 100)
def test_random_bytes(content: bytes) -> None:
    document = parse(content, "a.yml")
    assert document.value is not None or document.findings or content.strip()


@FAST
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@example("[" * 200_000)
@example("- " * 200_000)
@example("{a: " * 5000)
@example("? " * 5000)
@example("a: " + "1" * 5000)
@example("a: " + "1" * 30 + ":0" * 300)
@example("a: 0x" + "f" * 5000)
@example("a: '" + "\n" * 50_000)
def test_random_pieces_of_yaml(text: str) -> None:
    parse(text.encode(), "a.yml")


ODD = [
    "",
    "22:30",
    "-1",
    "0",
    "999999",
    '"0.0.0.0/0"',
    '"255.255.255.255"',
    '"0.0.0.0"',
    "s02",
    "org-201",
    "2026-02-30",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_small(tmp_path_factory.mktemp("fuzz"))


FILES = [S02, *(f"platform/{path.name}" for path in sorted((SMALL / "platform").glob("*.yml")))]


@FAST
@given(data=st.data())
def test_a_sound_document_with_any_value_replaced_by_anything(repository: Path, data: st.DataObject) -> None:
    """Any value of any file becomes anything that JSON can say; the rules see what passes the schema."""
    file = data.draw(st.sampled_from(FILES))
    text = (SMALL / file).read_text(encoding="utf-8")
    spots = [match.span(1) for match in re.finditer(r": ([^\s{\[|>,}\]][^\n,}\]]*)", text)]
    start, end = data.draw(st.sampled_from(spots))
    anything = VALUES.map(lambda value: msgspec.json.encode(value).decode())
    replacement = data.draw(anything | st.sampled_from(ODD))
    path = repository / file
    path.write_text(f"{text[:start]}{replacement}{text[end:]}", encoding="utf-8")
    try:
        for finding in check(repository, AS_OF):
            assert finding.line >= 1
            assert finding.message.en
    finally:
        path.write_text(text, encoding="utf-8")


@FAST
@given(data=st.data())
def test_a_sound_document_with_a_piece_cut_out_or_doubled(repository: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    content = (SMALL / file).read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 60)))
    insert = data.draw(st.sampled_from([b"", content[start:end] * 2]) | st.binary(max_size=6))
    path = repository / file
    path.write_bytes(content[:start] + insert + content[end:])
    try:
        check(repository, AS_OF)
    finally:
        path.write_bytes(content)
