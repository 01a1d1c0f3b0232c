"""Documents against the closed JSON Schemas, with messages for people instead of a validator's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs
import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.document import FINDINGS_LIMIT, Document, Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import (
    describe,
    label,
    path_text,
    suggest,
    words_for,
)

RULE = "E-03"


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
            message, remedy = words_for(error, node, self._comment(error.schema_path))
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


@lru_cache(maxsize=64)
def compiled(content: bytes) -> Schema:
    """The schema of a file's content, compiled once: the estates before and after a change have the same ones.

    Raises ValueError if it is not a valid schema, msgspec.MsgspecError if it is not JSON of an object.
    """
    return Schema(msgspec.json.decode(content, type=dict[str, Any]))


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
