"""Field by field, what differs between two values of the model: elements by their key, never by their place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

# What names an element of a list, in the order in which it is looked for.
_KEYS = ("key", "id", "name", "system", "external", "purpose", "network")


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One difference. `path` leads to it: fields and keys of elements. An element that is only on one side is whole."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def added(self) -> bool:
        """Whether an element of a list is new."""
        return self.before is ABSENT

    @property
    def removed(self) -> bool:
        """Whether an element of a list is gone."""
        return self.after is ABSENT


class _Absent:
    """No such element on this side (None is a value of its own)."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()


def field_differences(
    before: Any, after: Any, path: tuple[str, ...] = (), *, skip: tuple[str, ...] = ()
) -> Iterator[FieldDifference]:
    """Differences of two frozen values of one type, in the order of their fields; `skip` are fields left out."""
    for field in dataclasses.fields(before):
        if field.name not in skip:
            yield from _differences(getattr(before, field.name), getattr(after, field.name), (*path, field.name))


def _differences(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[FieldDifference]:
    if before == after:
        return
    if isinstance(before, Text) or not (dataclasses.is_dataclass(before) and type(before) is type(after)):
        keyed = _by_key(before), _by_key(after)
        if keyed[0] is not None and keyed[1] is not None:
            yield from _elements(keyed[0], keyed[1], path)
        else:
            yield FieldDifference(path, before, after)
        return
    yield from field_differences(before, after, path)


def _elements(before: dict[str, Any], after: dict[str, Any], path: tuple[str, ...]) -> Iterator[FieldDifference]:
    for key, value in before.items():
        if key in after:
            yield from _differences(value, after[key], (*path, key))
        else:
            yield FieldDifference((*path, key), value, ABSENT)
    for key, value in after.items():
        if key not in before:
            yield FieldDifference((*path, key), ABSENT, value)


def _by_key(value: Any) -> dict[str, Any] | None:
    """A list of named things by their names; None where they have none or a name comes twice."""
    if not isinstance(value, tuple) or not all(dataclasses.is_dataclass(each) for each in value):
        return None
    named = {_key(each): each for each in value}
    return None if len(named) != len(value) or "" in named else named


def _key(element: Any) -> str:
    return next((str(getattr(element, name)) for name in _KEYS if getattr(element, name, None) is not None), "")
