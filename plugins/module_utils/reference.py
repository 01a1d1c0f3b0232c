"""Reference pages from the schemas: what may be written, in both languages. Pure text in, text out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform, Rule

HEADER = "<!-- Made from the schemas by scripts/reference.py; do not edit. -->"
TYPES = {
    "string": "text / 文字列",
    "integer": "whole number / 整数",
    "number": "number / 数値",
    "boolean": "true, false",
    "null": "null",
    "object": "fields / 項目",
}
STATUS = {"sure": "sure / 出典で確認", "confirm": "to be confirmed / 要確認", "ours": "ours / 独自"}


def schema_page(schema: dict[str, Any], file: str) -> str:
    """The page of one schema. `file` says which files it is for (systems/*.yml)."""
    lines = [
        HEADER,
        f"# {schema.get('title', file)} / {schema.get('x-title-ja', '')}",
        "",
        f"`{file}`: {schema.get('description', '')}",
        "",
        str(schema.get("x-description-ja", "")),
        "",
        *_object(schema),
    ]
    for name, part in schema.get("$defs", {}).items():
        lines += ["", f"## {name}", "", part.get("description", ""), "", part.get("x-description-ja", ""), ""]
        lines += _object(part)
    return _text(lines)


def rules_page(platform: Platform) -> str:
    """The rules of platform/policy.yml with their sources and exceptions."""
    lines = [
        HEADER,
        "# Rules / 規則",
        "",
        "`platform/policy.yml`: what validation checks (yes), what a verb checks instead (its name), and what is known "
        "but not checked yet (—).",
        "",
        "| id | severity | status | checked | rule | 規則 | remedy | 対処 | source |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_rule(rule) for rule in platform.rules),
        "",
        "## Not checked here / ここで検査しないもの",
        "",
        "| id | what, and where instead | 内容と検査する場所 |",
        "|---|---|---|",
        *(
            f"| {rule.id} | {_cell(rule.not_checked.en)} | {_cell(rule.not_checked.ja)} |"
            for rule in platform.rules
            if rule.not_checked is not None
        ),
        "",
        "## Sources / 出典",
        "",
        "| id | title | edition | section | checked on |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {source.id} | {_cell(source.title)} | {_cell(source.edition)} | {_cell(source.section or '')} | "
        f"{source.checked_on} |"
        for source in platform.sources
    ]
    lines += [
        "",
        "## Exceptions / 例外",
        "",
        "| id | rule | object | reason | 理由 | approver | expires |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {item.id} | {item.rule} | {item.object} | {_cell(item.reason.en)} | {_cell(item.reason.ja)} | "
        f"{_cell(item.approver)} | {item.expires} |"
        for item in platform.exceptions
    ]
    return _text(lines)


def index_page(pages: dict[str, str]) -> str:
    """The list of all pages: name of the page -> files that it is about."""
    lines = [
        HEADER,
        "# Reference / リファレンス",
        "",
        "Every field of the data. Editors show the same: the first line of a file names its schema.",
        "",
        "| page | for |",
        "|---|---|",
        *(f"| [{name}]({name}) | `{file}` |" for name, file in pages.items()),
    ]
    return _text(lines)


def _rule(rule: Rule) -> str:
    confirmed = f" ({rule.confirmed_by}, {rule.confirmed_on})" if rule.confirmed_by else ""
    cells = [
        rule.id,
        rule.severity,
        STATUS[rule.status] + confirmed,
        "yes" if rule.checked else rule.checked_by or "—",
        rule.text.en,
        rule.text.ja,
        rule.remedy.en,
        rule.remedy.ja,
        rule.source,
    ]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _object(part: dict[str, Any]) -> Iterator[str]:
    """The table of fields of one object, what belongs together, and the values that its fields take."""
    properties: dict[str, Any] = part.get("properties", {})
    if not properties:
        yield _type(part)
        return
    required = set(part.get("required", ()))
    yield "| field | type | | meaning | 意味 |"
    yield "|---|---|---|---|---|"
    for name, field in properties.items():
        need = "required / 必須" if name in required else _default(field)
        cells = [f"`{name}`", _type(field), need, field.get("description", ""), field.get("x-description-ja", "")]
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    conditions = [part, *part.get("allOf", ())]
    comments = [item["$comment"] for item in conditions if isinstance(item.get("$comment"), str)]
    if comments:
        yield ""
        yield from (f"- {comment}" for comment in comments)
    for name, field in properties.items():
        meanings = field.get("x-enum-descriptions")
        if meanings:
            yield ""
            yield f"`{name}`:"
            yield from (f"- `{value}`: {text['en']} {text['ja']}" for value, text in meanings.items())


def _default(field: dict[str, Any]) -> str:
    if "default" not in field:
        return ""
    value = field["default"]
    return f"default `{str(value).lower() if isinstance(value, bool) else value}`"


def _type(field: dict[str, Any]) -> str:
    """Type and limits in words."""
    if "$ref" in field:
        name = str(field["$ref"]).rsplit("/", maxsplit=1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    types = field.get("type", [])
    if isinstance(types, str):
        types = [types]
    if "array" in types:
        return f"list / リスト: {_type(field.get('items', {}))}"
    text = ", ".join(TYPES.get(name, name) for name in types)
    if "minimum" in field or "maximum" in field:
        text += f" {field.get('minimum', '')}–{field.get('maximum', '')}"
    if "pattern" in field:
        text += f" `{field['pattern']}`"
    return text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _text(lines: list[str]) -> str:
    """Lines as a file: no blank line twice, one line end at the end."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line.rstrip())
    return "\n".join(kept).rstrip() + "\n"
