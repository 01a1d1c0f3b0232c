"""Documents against the closed JSON Schemas, with messages for people instead of a validator's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import Any

import jsonschema_rs

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.source import FINDINGS_LIMIT, Document, Keys

RULE = "E-03"

_TYPES = {
    "string": Text(en="text", ja="文字列"),
    "integer": Text(en="a whole number", ja="整数"),
    "number": Text(en="a number", ja="数値"),
    "boolean": Text(en="true or false", ja="true または false"),
    "object": Text(en="a group of fields", ja="項目の組"),
    "array": Text(en="a list", ja="リスト"),
    "null": Text(en="nothing (null)", ja="空（null）"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One violation in the words of people; `keys` is the path to the value or key that is at fault."""

    keys: Keys
    message: Text
    remedy: Text
    unknown: str | None = None  # field that the schema does not know
    missing: tuple[str, ...] = ()  # fields that are not there
    conditional: bool = False  # from a then or else branch: worth saying only if the fields it depends on are sound


class Schema:
    """One compiled schema. `content` is the parsed JSON, for descriptions and suggestions."""

    def __init__(self, content: dict[str, Any]) -> None:
        """Raises ValueError if it is not a valid schema."""
        self.content = content
        try:
            self._validator = jsonschema_rs.validator_for(content)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise ValueError(str(error).splitlines()[0]) from error

    def check(self, document: Document) -> list[Finding]:
        """Every violation of the document as findings of rule E-03, at the line of the field at fault."""
        errors = list(islice(self._validator.iter_errors(document.value), FINDINGS_LIMIT))
        found = (
            problem
            for error in errors
            if error.kind.name != "required"
            for problem in self._problems(error)
            if problem.keys not in document.traps
        )
        problems = list(islice(found, FINDINGS_LIMIT))
        problems.extend(self._missing([error for error in errors if error.kind.name == "required"]))
        return [self._finding(problem, document) for problem in _without_echo(problems)]

    def _finding(self, problem: Problem, document: Document) -> Finding:
        where = path_text(problem.keys)
        lead = f"{where}: " if where else ""
        return Finding(
            rule=RULE,
            severity="error",
            file=document.file,
            line=document.line(problem.keys),
            object=label(document.value, problem.keys),
            message=Text(en=lead + problem.message.en, ja=lead + problem.message.ja),
            remedy=problem.remedy,
        )

    def _problems(self, error: Any) -> Iterator[Problem]:
        """The violations behind one error of the validator; branches of anyOf and oneOf are followed."""
        keys: Keys = tuple(error.instance_path)
        node = self._node(error.schema_path[:-1])
        kind = error.kind
        name = kind.name
        if name in {"additionalProperties", "unevaluatedProperties"}:
            for unexpected in kind.unexpected:
                yield self._unknown(keys, unexpected, node)
        elif name == "required":
            yield from self._missing([error])
        elif name in {"anyOf", "oneOf"}:
            yield from self._branches(error, keys, node, name)
        else:
            message, remedy = _simple(error, node, self._comment(error.schema_path))
            yield Problem(keys, message, remedy, conditional=_is_conditional(error.schema_path))

    def _unknown(self, keys: Keys, field: str, node: dict[str, Any]) -> Problem:
        known = list(node.get("properties", {})) or sorted(_all_properties(self.content))
        if " " in field:
            remedy = Text(
                en="text with a comma inside { } goes in quotes; so does text with a colon",
                ja="{ } の中でコンマを含む文字列、コロンを含む文字列は引用符で囲んでください",
            )
        else:
            remedy = suggest(field, known) or Text(
                en=f"remove it; the fields here are: {', '.join(known)}",
                ja=f"削除してください。ここで使える項目: {', '.join(known)}",
            )
        return Problem(
            (*keys, field),
            Text(en="the schema knows no such field", ja="スキーマにない項目です"),
            remedy,
            unknown=field,
        )

    def _missing(self, errors: list[Any]) -> Iterator[Problem]:
        """One problem for all fields that one part of the schema misses in one place."""
        groups: dict[tuple[Keys, Keys], list[str]] = {}
        for error in errors:
            groups.setdefault((tuple(error.instance_path), tuple(error.schema_path)), []).append(error.kind.property)
        for (keys, schema_path), fields in groups.items():
            properties = self._node(schema_path[:-1]).get("properties", {})
            described = describe(self._dereference(properties.get(fields[0]))) if len(fields) == 1 else None
            reason = self._comment(schema_path) or described
            names = ", ".join(f'"{field}"' for field in fields)
            yield Problem(
                keys,
                Text(
                    en=f"the field {names} is missing" if len(fields) == 1 else f"the fields {names} are missing",
                    ja=f"項目 {names} がありません",
                ),
                Text(
                    en=f"add {'it' if len(fields) == 1 else 'them'}" + (f": {reason.en}" if reason else ""),
                    ja="追加してください" + (f"（{reason.ja}）" if reason else ""),
                ),
                missing=tuple(fields),
                conditional=_is_conditional(schema_path),
            )

    def _comment(self, schema_path: Iterable[str | int]) -> Text | None:
        """The `$comment` of the condition that a violation comes from, if any: the schema's own reason for it."""
        path = list(schema_path)
        if not _is_conditional(path):
            return None
        index = max(position for position, part in enumerate(path) if part in {"then", "else"})
        node = self._node(path[:index])
        comment = node.get("$comment")
        if not isinstance(comment, str):
            return None
        return Text(en=comment.rstrip("."), ja=str(node.get("x-comment-ja", comment)).rstrip("。."))

    def _branches(self, error: Any, keys: Keys, node: dict[str, Any], name: str) -> Iterator[Problem]:
        branches = node.get(name, [])
        alternatives = [branch.get("required") for branch in branches if isinstance(branch, dict)]
        if alternatives and all(alternatives):
            choices = [" + ".join(fields) for fields in alternatives if fields]
            yield Problem(
                keys,
                Text(
                    en=f"exactly one of these must be given: {'; '.join(choices)}",
                    ja=f"次のうちちょうど1つを指定します: {' / '.join(choices)}",
                ),
                Text(
                    en="write one of them and leave the others out",
                    ja="1つだけを書き、残りは書かないでください",
                ),
            )
            return
        context: list[list[Any]] = getattr(error.kind, "context", [])
        relevant = [branch for branch in context if branch and not _only_refuses_type(branch)] or context
        best = min((branch for branch in relevant if branch), key=len, default=None)
        if best is None:
            yield Problem(
                keys,
                Text(en="fits more than one of the allowed forms", ja="許される形の2つ以上に当てはまります"),
                Text(en="leave out what is not needed", ja="不要な項目を消してください"),
            )
            return
        for inner in best:
            for problem in self._problems(inner):
                # The validator gives paths of inner errors from the document's root or from the branch's, by version.
                inside = problem.keys if problem.keys[: len(keys)] == keys else (*keys, *problem.keys)
                yield replace(problem, keys=inside)

    def _node(self, path: Iterable[str | int]) -> dict[str, Any]:
        """The part of the schema at a path; an empty one where the path does not lead to an object."""
        node: Any = self.content
        for part in path:
            node = self._dereference(node)
            if part == "$ref":
                continue
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return {}
        node = self._dereference(node)
        return node if isinstance(node, dict) else {}

    def _dereference(self, node: Any) -> Any:
        for _ in range(16):  # a chain of references is short; a circle must end
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            siblings = {key: value for key, value in node.items() if key != "$ref"}
            target: Any = self.content
            for part in reference[2:].split("/"):
                target = target.get(part, {}) if isinstance(target, dict) else {}
            node = {**target, **siblings} if isinstance(target, dict) else target
        return node


def describe(node: Any) -> Text | None:
    """Description of a part of a schema in both languages; Japanese stands in `x-description-ja`."""
    if not isinstance(node, dict):
        return None
    english = node.get("description") or node.get("title")
    if not isinstance(english, str):
        return None
    japanese = node.get("x-description-ja") or node.get("x-title-ja") or english
    return Text(en=english.rstrip("."), ja=str(japanese).rstrip("。"))


def suggest(word: str, known: Iterable[str]) -> Text | None:
    """ "did you mean …?" for the nearest known word, or None when nothing is near."""
    match = get_close_matches(word, list(known), n=1, cutoff=0.6)
    if not match:
        return None
    return Text(en=f'did you mean "{match[0]}"?', ja=f"「{match[0]}」の誤りではありませんか")


def path_text(keys: Keys) -> str:
    """A path as people write it: machines[0].disks[1].size_gb, counted from 0."""
    text = ""
    for part in keys:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def label(value: Any, keys: Keys) -> str:
    """Name of the innermost thing on the path that has one: its key, id or name."""
    found = ""
    for part in (*keys, None):
        if isinstance(value, dict):
            for field in ("key", "id", "name"):
                if isinstance(value.get(field), str):
                    found = value[field]
                    break
        if part is None:
            break
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            break
    return found


def show(value: Any) -> str:
    """A value as it may stand in a message: short, and text in quotes."""
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list):
        return "[…]" if value else "[]"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + '…"'


def _without_echo(problems: list[Problem]) -> list[Problem]:
    """One mistake, one finding.

    A mistyped field name is said to be unknown, not also that the right one is missing. What a condition asks for is
    left out while another field of the same object is wrong: the condition may have read that very field.
    """
    unknown = [(problem.keys[:-1], problem.unknown) for problem in problems if problem.unknown]
    plain = {problem.keys[:-1] for problem in problems if not problem.conditional and not problem.missing}
    kept = []
    for problem in dict.fromkeys(problems):
        mistyped = [
            field
            for keys, field in unknown
            if keys == problem.keys and get_close_matches(str(field), problem.missing, cutoff=0.6)
        ]
        if mistyped and len(problem.missing) <= len(mistyped):
            continue
        if problem.conditional and (problem.keys in plain or problem.keys[:-1] in plain):
            continue
        kept.append(problem)
    return kept


def _is_conditional(schema_path: Iterable[str | int]) -> bool:
    return any(part in {"then", "else"} for part in schema_path)


def _only_refuses_type(branch: list[Any]) -> bool:
    """A branch that wants another kind of value altogether (null beside text) says nothing about the value."""
    return len(branch) == 1 and branch[0].kind.name in {"type", "const"}


def _all_properties(node: Any) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            properties = part.get("properties")
            if isinstance(properties, dict):
                found.update(properties)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found


_LIMITS = {
    "minimum": ("is less than", "は小さすぎます: 最小"),
    "maximum": ("is more than", "は大きすぎます: 最大"),
    "exclusiveMinimum": ("is not more than", "は小さすぎます: 下限（含まない）"),
    "exclusiveMaximum": ("is not less than", "は大きすぎます: 上限（含まない）"),
    "minLength": ("is shorter than the least length", "は短すぎます: 最小文字数"),
    "maxLength": ("is longer than the greatest length", "は長すぎます: 最大文字数"),
    "minItems": ("has fewer items than", "の件数が足りません: 最小"),
    "maxItems": ("has more items than", "の件数が多すぎます: 最大"),
    "minProperties": ("has fewer fields than", "の項目が足りません: 最小"),
    "maxProperties": ("has more fields than", "の項目が多すぎます: 最大"),
}


def _simple(error: Any, node: dict[str, Any], comment: Text | None) -> tuple[Text, Text]:
    """(message, remedy) of an error that concerns one value."""
    kind = error.kind
    shown = show(error.instance)
    described = describe(node)
    meaning = Text(
        en=f"this field is: {described.en}" if described else "see docs/reference for what belongs here",
        ja=f"この項目の意味: {described.ja}" if described else "docs/reference で書式を確認してください",
    )
    match kind.name:
        case "type":
            return _wrong_type(shown, kind.types, error.instance, meaning)
        case "enum":
            return _not_allowed(shown, error.instance, kind.options)
        case "const":
            return _not_allowed(shown, error.instance, [kind.expected_value])
        case "pattern":
            message = Text(en=f"{shown} does not have the right form", ja=f"{shown} は書式が正しくありません")
            remedy = Text(en=f"{meaning.en} (pattern {kind.pattern})", ja=f"{meaning.ja}（パターン {kind.pattern}）")
        case "falseSchema":
            message = Text(en="this field may not stand here", ja="ここには書けない項目です")
            reason = comment or meaning
            remedy = Text(en=f"remove it: {reason.en}", ja=f"削除してください（{reason.ja}）")
        case "uniqueItems":
            message = Text(en="the list holds the same item twice", ja="リストに同じ要素が重複しています")
            remedy = Text(en="remove one of them", ja="一方を削除してください")
        case name if name in _LIMITS:
            english, japanese = _LIMITS[name]
            message = Text(en=f"{shown} {english} {kind.limit}", ja=f"{shown} {japanese} {kind.limit}")
            remedy = meaning
        case "not" if isinstance(kind.schema, dict) and kind.schema.get("required"):
            fields = ", ".join(kind.schema["required"])
            message = Text(en=f"may not have: {fields}", ja=f"同時に書けない項目です: {fields}")
            remedy = Text(en="remove one of these fields", ja="いずれかを削除してください")
        case _:
            message = Text(en=error.message, ja=f"スキーマに合いません: {error.message}")
            remedy = meaning
    return message, remedy


def _wrong_type(shown: str, types: list[str], instance: Any, meaning: Text) -> tuple[Text, Text]:
    wanted_en = " or ".join(_TYPES[name].en for name in types if name in _TYPES)
    wanted_ja = "または".join(_TYPES[name].ja for name in types if name in _TYPES)
    if instance is None:
        message = Text(en="has no value", ja="値がありません")
    else:
        message = Text(en=f"{shown} is not {wanted_en}", ja=f"{shown} は{wanted_ja}ではありません")
    if "string" in types and isinstance(instance, int | float):
        return message, Text(en=f'write it in quotes: "{shown}"', ja=f'引用符で囲んでください: "{shown}"')
    return message, Text(en=f"write {wanted_en}; {meaning.en}", ja=f"{wanted_ja}を書いてください。{meaning.ja}")


def _not_allowed(shown: str, instance: Any, options: list[Any]) -> tuple[Text, Text]:
    allowed = ", ".join(show(option) for option in options)
    near = suggest(instance, [str(option) for option in options]) if isinstance(instance, str) else None
    return (
        Text(en=f"{shown} is not an allowed value", ja=f"{shown} は使えない値です"),
        Text(
            en=f"allowed: {allowed}" + (f"; {near.en}" if near else ""),
            ja=f"使える値: {allowed}" + (f"（{near.ja}）" if near else ""),
        ),
    )
