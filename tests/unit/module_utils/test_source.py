"""Reading YAML: values, positions, and what is refused."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.source import parse


def value(text: str) -> object:
    document = parse(text.encode(), "a.yml")
    assert document.findings == ()
    return document.value


def message(content: bytes | str) -> str:
    document = parse(content.encode() if isinstance(content, str) else content, "a.yml")
    (finding,) = document.findings
    assert (finding.rule, finding.severity, finding.file) == ("E-02", "error", "a.yml")
    return f"{finding.line}: {finding.message.en}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1), ("-3", -3), ("0", 0), ("1.5", 1.5), ("true", True), ("false", False), ("~", None), ("", None),
        ("null", None), ("2026-11-24", "2026-11-24"), ("198.18.0.1", "198.18.0.1"), ("08:30", "08:30"), ("3A", "3A"),
        ("'22:30'", "22:30"), ('"NO"', "NO"), ("|\n  two\n  lines", "two\nlines"), ("令和6年", "令和6年"), ("-", None),
        ("none", "none"), ("n", "n"), ("00:50:56:13:00:40", "00:50:56:13:00:40"),
    ],
)  # fmt: skip
def test_scalars(text: str, expected: object) -> None:
    if text == "-":
        assert value("a:\n  -") == {"a": [None]}
    else:
        assert value(f"a: {text}") == {"a": expected}


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("22:30", "1350"), ("010", "8"), ("0x1F", "31"), ("1_000", "1000"), ("NO", "false"), ("no", "false"),
        ("on", "true"), ("Off", "false"), ("yes", "true"), ("190:20:30", "685230"), (".5", "0.5"), ("0b11", "3"),
    ],
)  # fmt: skip
def test_what_other_readers_would_take_for_something_else_is_refused_with_what_they_would_read(
    text: str, read_as: str
) -> None:
    assert message(f"a:\n  b: {text}") == f"2: b: {text} was read as {read_as}"


@pytest.mark.parametrize("text", ["1e3", "<<", "=", "0o17", "12345678901234567890", ".inf"])
def test_what_readers_do_not_agree_on_is_refused(text: str) -> None:
    assert message(f"a: {text}").startswith("1: a: ")


def test_a_trap_stays_in_the_document_as_text_so_that_the_rest_can_be_checked() -> None:
    document = parse(b"a: 22:30\nb: 1", "a.yml")
    assert document.value == {"a": "22:30", "b": 1}
    assert document.traps == {("a",)}


def test_lines_of_keys_and_items_and_of_what_is_not_there() -> None:
    document = parse(b"a: 1\nb:\n  - x: 1\n    y: 2\n\n  - x: 3\n", "a.yml")
    assert [document.line(path) for path in (("a",), ("b",), ("b", 0), ("b", 0, "y"), ("b", 1), ("b", 1, "x"))] == [
        1, 2, 3, 4, 6, 6,
    ]  # fmt: skip
    assert document.line(("b", 1, "missing")) == 6
    assert document.line(("missing",)) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: 1\na: 2", '2: the key "a" is written twice (first in line 1)'),
        ("a: &x 1", "1: holds the anchor &x"),
        ("a: *x", "1: holds the alias *x"),
        ("<<: {a: 1}", '1: the key "<<" is not text for YAML'),
        ("a: !x 1", "1: holds the tag !x"),
        ("a: !!binary aGk=", "1: holds the tag tag:yaml.org,2002:binary"),
        ("1: 2", '1: the key "1" is not text for YAML'),
        ("true: 2", '1: the key "true" is not text for YAML'),
        ("[a]: 2", "1: a mapping or list stands where a key belongs"),
        ("a: 1\n---\nb: 2", "2: holds more than one YAML document (---)"),
        ("a:\n\tb: 1", "2: a tab stands in the indentation"),
        ("", "1: is empty"),
        ("---\n", "1: is empty"),
        ("# nothing\n\n", "1: is empty"),
        ("a:\n" + "- " * 30 + "1", "2: is nested deeper than 24 levels"),
        ("a:\n" + "- 1\n" * 20_001, "20000: holds more than 20000 values"),
        ("[" * 100_000, "1: is nested deeper than 24 levels"),
        ("a: x\x00y", "1: holds the control character U+0000, which nobody sees"),
        ("a: 1\nb: x\u202ey", "2: holds the control character U+202E, which nobody sees"),
        ("a: x\u2028y", "1: holds the control character U+2028, which nobody sees"),
        ("名前: 契約局".encode("cp932"), "1: is not UTF-8; it looks like Shift_JIS"),
        ("a: 1\n名前: 契約局".encode("euc_jp"), "2: is not UTF-8; it looks like EUC-JP"),
        ("a: é".encode("latin-1"), "1: is not UTF-8"),
        ("a: 1".encode("utf-8-sig"), "1: is UTF-8 with a byte order mark"),
        ("a: 1".encode("utf-16"), "1: is UTF-16"),
    ],
)
def test_what_is_refused(content: str | bytes, expected: str) -> None:
    assert message(content) == expected


def test_a_word_that_yaml_1_1_takes_for_true_may_be_a_key() -> None:
    assert value('on: "2026-01-31"') == {"on": "2026-01-31"}


def test_windows_line_ends_are_read() -> None:
    document = parse(b"a: 1\r\nb: 2\r\n", "a.yml")
    assert document.value == {"a": 1, "b": 2}
    assert document.line(("b",)) == 2
