"""From a validator's errors to words for people."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.schema import Schema
from ansible_collections.kyotsu.platform.plugins.module_utils.source import parse

SIZE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {
            "type": "string",
            "pattern": "^[a-z]+$",
            "description": "Small letters.",
            "x-description-ja": "小文字。",
        },
        "flavour": {"enum": ["m4", "m8"]},
        "cpu": {"type": "integer", "minimum": 1, "maximum": 64},
        "memory_gb": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 1, "uniqueItems": True},
        "start": {"type": "string"},
        "old": False,
        "choice": {"oneOf": [{"required": ["a"]}, {"required": ["b", "c"]}]},
        "maybe": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/text"}]},
    },
    "if": {"required": ["flavour"]},
    "then": {"properties": {"cpu": False, "memory_gb": False}},
    "else": {"required": ["cpu", "memory_gb"]},
    "$comment": "Either flavour, or both cpu and memory_gb.",
    "$defs": {"text": {"type": "string", "minLength": 2}},
}
SCHEMA = Schema(SIZE)


def messages(text: str) -> list[str]:
    document = parse(text.encode(), "a.yml")
    return [
        f"{finding.line}: {finding.message.en} — {finding.remedy.en}"
        for finding in sorted(SCHEMA.check(document), key=lambda finding: finding.line)
    ]


def test_a_sound_document_has_no_finding() -> None:
    assert messages("name: a\nflavour: m4\ntags: [a, null]\nmaybe: null") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: a\nflavour: m4\nflavor: m4", '3: flavor: the schema knows no such field — did you mean "flavour"?'),
        ("naem: a\nflavour: m4", '1: naem: the schema knows no such field — did you mean "name"?'),
        (
            "name: a\nflavour: m4\nxyz: 1",
            "3: xyz: the schema knows no such field — remove it; the fields here are: name, flavour, cpu, memory_gb, "
            "tags, start, old, choice, maybe",
        ),
        ("flavour: m4", '1: the field "name" is missing — add it: Small letters'),
        (
            "name: A1\nflavour: m4",
            '1: name: "A1" does not have the right form — this field is: Small letters (pattern ^[a-z]+$)',
        ),
        ("name: 5\nflavour: m4", '1: name: 5 is not text — write it in quotes: "5"'),
        ("name:\nflavour: m4", "1: name: has no value — write text; this field is: Small letters"),
        ("name: a\nflavour: m9", '2: flavour: "m9" is not an allowed value — allowed: "m4", "m8"'),
        ("name: a\ncpu: 0\nmemory_gb: 1", "2: cpu: 0 is less than 1 — see docs/reference for what belongs here"),
        ("name: a\ncpu: 65\nmemory_gb: 1", "2: cpu: 65 is more than 64 — see docs/reference for what belongs here"),
        (
            "name: a\nflavour: m4\ncpu: 2",
            "3: cpu: this field may not stand here — remove it: Either flavour, or both cpu and memory_gb",
        ),
        (
            "name: a\ncpu: 2",
            '1: the field "memory_gb" is missing — add it: Either flavour, or both cpu and memory_gb',
        ),
        (
            "name: a",
            '1: the fields "cpu", "memory_gb" are missing — add them: Either flavour, or both cpu and memory_gb',
        ),
        (
            "name: a\nflavour: m4\ntags: []",
            "3: tags: [] has fewer items than 1 — see docs/reference for what belongs here",
        ),
        ("name: a\nflavour: m4\ntags:\n- a\n- a", "3: tags: the list holds the same item twice — remove one of them"),
        (
            "name: a\nflavour: m4\ntags:\n- a\n- 1",
            '5: tags[1]: 1 is not nothing (null) or text — write it in quotes: "1"',
        ),
        (
            "name: a\nflavour: m4\nchoice: {}",
            "3: choice: exactly one of these must be given: a; b + c — write one of them and leave the others out",
        ),
        (
            "name: a\nflavour: m4\nmaybe: x",
            '3: maybe: "x" is shorter than the least length 2 — see docs/reference for what belongs here',
        ),
    ],
)  # fmt: skip
def test_one_mistake_one_message(text: str, expected: str) -> None:
    assert messages(text) == [expected]


def test_a_condition_is_silent_while_the_field_it_reads_is_wrong() -> None:
    assert messages("name: a\nflavor: m4") == [
        '2: flavor: the schema knows no such field — did you mean "flavour"?',
    ]


def test_a_text_with_a_comma_in_braces_is_explained() -> None:
    (text,) = messages("{name: a, flavour: m4, and more}")
    assert "text with a comma inside { } goes in quotes" in text


def test_a_value_that_yaml_would_change_is_told_once() -> None:
    schema = Schema({"type": "object", "properties": {"start": {"type": "string", "pattern": '^"'}}})
    document = parse(b"start: 22:30", "a.yml")
    assert len(document.findings) == 1
    assert schema.check(document) == []


def test_a_schema_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="not valid"):
        Schema({"type": "strin"})
