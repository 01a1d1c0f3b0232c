"""Whatever stands in a file: findings, never an exception, and soon."""

from __future__ import annotations

import copy
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import check
from ansible_collections.kyotsu.platform.plugins.module_utils.source import parse
from tests.support.small_estate import AS_OF, ROOT, S02, SMALL, copy_small
from tests.support.yaml_files import read_yaml

FAST = settings(
    deadline=timedelta(seconds=2), max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Each example validates a whole estate.
FEWER = settings(FAST, max_examples=60)
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


@FEWER
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


@FEWER
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


DOCUMENTS = {file: read_yaml(SMALL / file) for file in FILES}


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything below a value, mappings and lists too."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from nodes(each, (*path, key))


@FEWER
@given(data=st.data())
def test_a_sound_document_with_any_part_replaced_by_anything(repository: Path, data: st.DataObject) -> None:
    """Not only values: a mapping where a list belongs, a number where a system belongs."""
    file = data.draw(st.sampled_from(FILES))
    document = copy.deepcopy(DOCUMENTS[file])
    *parents, last = data.draw(st.sampled_from(list(nodes(document))))
    parent = document
    for key in parents:
        parent = parent[key]
    parent[last] = data.draw(VALUES)
    assert all(finding.line >= 1 for finding in written(repository, file, msgspec.json.encode(document)))


@FEWER
@given(data=st.data())
def test_a_sound_document_with_a_line_written_twice(repository: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    lines = (SMALL / file).read_text(encoding="utf-8").splitlines(keepends=True)
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines)))
    written(repository, file, "".join([*lines[:place], lines[number], *lines[place:]]).encode())


@FEWER
@given(
    data=st.data(),
    codec=st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp"]),
)
def test_a_sound_document_in_another_encoding_and_cut_anywhere(
    repository: Path, data: st.DataObject, codec: str
) -> None:
    content = (SMALL / S02).read_text(encoding="utf-8").encode(codec)
    cut = data.draw(st.integers(0, len(content)))
    findings = written(repository, S02, content[:cut])
    # A piece in which only ASCII stands may be sound text; most of one cannot be the whole file.
    assert findings
    assert {finding.rule for finding in findings if finding.file == S02}


def written(repository: Path, file: str, content: bytes) -> tuple[Finding, ...]:
    """What is said while a file holds that content; the file is then as it was."""
    path = repository / file
    try:
        path.write_bytes(content)
        return check(repository, AS_OF)
    finally:
        path.write_bytes((SMALL / file).read_bytes())


LEVELS = [f"a{level}: &a{level} [{', '.join(f'*a{level - 1}' for _ in range(10))}]" for level in range(1, 30)]
MEBIBYTE = 1024 * 1024
HOSTILE = {
    "a thousand million laughs": "a0: &a0 [ha]\n" + "\n".join(LEVELS),
    "a merge of merges": "a: &a {x: 1}\n" + "".join(f"b{number}: {{<<: *a}}\n" for number in range(20_000)),
    "nested lists": "[" * (MEBIBYTE - 1),
    "nested mappings": "{a: " * (MEBIBYTE // 4 - 1),
    "nested entries": "- " * (MEBIBYTE // 2 - 1),
    "nested questions": "? " * (MEBIBYTE // 2 - 1),
    "one scalar": f"id: {'x' * (MEBIBYTE - 10)}",
    "one key": f"{'x' * (MEBIBYTE - 10)}: 1",
    "one number": f"id: {'9' * (MEBIBYTE - 10)}",
    "one escape after the other": 'id: "' + "\\u3042" * 170_000 + '"',
    "one folded text": "id: >\n" + "  a\n\n" * 170_000,
    "keys without end": "".join(f"k{number}: 1\n" for number in range(90_000)),
    "the same key": "id: 1\n" * 170_000,
    "entries without end": "- 1\n" * 260_000,
    "documents without end": "---\na\n" * 170_000,
    "mistakes without end": "machines:\n" + "  - no\n" * 140_000,
    "comments": "#\n" * 500_000 + "id: 1",
}
PEAK = """
import resource, sys
from datetime import date
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import check
found = check(Path(sys.argv[2]), date(2026, 11, 24))
print(len(found), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def findings_and_peak_mib(repository: Path) -> tuple[int, int]:
    """In a process of its own that may take 10 s and 1 GiB of address space: more is a failure, not a slow machine."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        resource.setrlimit(resource.RLIMIT_AS, (1024 * MEBIBYTE, 1024 * MEBIBYTE))

    finished = subprocess.run(
        [sys.executable, "-c", PEAK, str(ROOT / "collections"), str(repository)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert finished.returncode == 0, finished.stderr
    found, peak = finished.stdout.split()
    return int(found), int(peak)


@pytest.fixture(scope="module")
def usual_peak_mib(repository: Path) -> int:
    found, peak = findings_and_peak_mib(repository)
    assert found == 0
    return peak


@pytest.mark.parametrize("situation", HOSTILE)
def test_memory_stays_within_bounds(situation: str, tmp_path: Path, usual_peak_mib: int) -> None:
    repository = copy_small(tmp_path)
    assert len(HOSTILE[situation]) <= MEBIBYTE, "larger files are refused unread"
    (repository / S02).write_text(HOSTILE[situation], encoding="utf-8")
    found, peak = findings_and_peak_mib(repository)
    assert found >= 1
    assert peak - usual_peak_mib < 64, f"{peak} MiB, usually {usual_peak_mib} MiB"


def test_a_file_of_a_hundred_gibibytes_is_refused_unread(tmp_path: Path, usual_peak_mib: int) -> None:
    repository = copy_small(tmp_path)
    with (repository / S02).open("r+b") as file:
        file.truncate(100 * 1024 * MEBIBYTE)
    found, peak = findings_and_peak_mib(repository)
    assert found >= 1
    assert peak - usual_peak_mib < 16
