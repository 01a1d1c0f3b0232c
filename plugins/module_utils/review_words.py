"""How a review speaks: fields and values in the words of the people who read it, in both languages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.review_fields import FieldDifference
from ansible_collections.kyotsu.platform.plugins.module_utils.words import FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement about a change, and what it means for those who use the object."""

    text: Text
    risk: str = "none"


def field_words(path: Iterable[str]) -> Text:
    """A path as people say it: "service start", "利用時間 開始"; names of things stay as they are."""
    path = tuple(path)
    # "backup backup_class" says one thing twice.
    names = [
        name for name, following in zip(path, (*path[1:], ""), strict=True) if not following.startswith(f"{name}_")
    ]
    return Text(
        en=" ".join(each.replace("_", " ") if each in FIELDS else each for each in names),
        ja=" ".join(FIELDS.get(each, each) for each in names),
    )


def value_words(value: Any) -> Text:
    """A value in one line."""
    if isinstance(value, Text):
        return value
    if value is None or isinstance(value, bool):
        return {None: Text(en="none", ja="なし"), True: Text(en="yes", ja="はい"), False: Text(en="no", ja="いいえ")}[
            value
        ]
    if isinstance(value, tuple):
        parts = [value_words(each) for each in value]
        return Text(
            en=", ".join(each.en for each in parts) or "none", ja="、".join(each.ja for each in parts) or "なし"
        )
    if dataclasses.is_dataclass(value):
        parts = [
            _field(field.name, getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) not in (None, (), "")
        ]
        return Text(en=", ".join(each.en for each in parts), ja="、".join(each.ja for each in parts))
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return Text(en=shown, ja=shown)


def _field(name: str, value: Any) -> Text:
    words, shown = field_words((name,)), value_words(value)
    return Text(en=f"{words.en} {shown.en}", ja=f"{words.ja} {shown.ja}")


def arrow(before: Any, after: Any) -> Text:
    """ "8 -> 16"."""
    old, new = value_words(before), value_words(after)
    return Text(en=f"{old.en} -> {new.en}", ja=f"{old.ja} → {new.ja}")


def of(thing: str, words: Text) -> Text:
    """ "memory of s02-ap01", "s02-ap01 のメモリ"; without a thing only the words."""
    if not thing:
        return words
    return Text(en=f"{words.en} of {thing}", ja=f"{thing} の{words.ja}")


def difference_line(difference: FieldDifference, thing: str = "", *, risk: str = "none") -> Line:
    """A difference of any field. Long texts are only said to differ: the file itself shows them best."""
    words = of(thing, field_words(difference.path))
    if difference.added:
        shown = value_words(difference.after)
        return Line(text=Text(en=f"{words.en} added ({shown.en})", ja=f"{words.ja} を追加（{shown.ja}）"), risk=risk)
    if difference.removed:
        return Line(text=Text(en=f"{words.en} removed", ja=f"{words.ja} を削除"), risk=risk)
    if isinstance(difference.before, Text) and isinstance(difference.after, Text):
        return Line(text=Text(en=f"{words.en} reworded", ja=f"{words.ja}の文言を変更"), risk=risk)
    shown = arrow(difference.before, difference.after)
    return Line(text=Text(en=f"{words.en} {shown.en}", ja=f"{words.ja} {shown.ja}"), risk=risk)
