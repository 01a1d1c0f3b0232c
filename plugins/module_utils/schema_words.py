"""The words for what a schema says: names, values and the usual mistakes, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.document import Keys
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

_TYPES = {
    "string": Text(en="text", ja="文字列"),
    "integer": Text(en="a whole number", ja="整数"),
    "number": Text(en="a number", ja="数値"),
    "boolean": Text(en="true or false", ja="true または false"),
    "object": Text(en="a group of fields", ja="項目の組"),
    "array": Text(en="a list", ja="リスト"),
    "null": Text(en="nothing (null)", ja="空（null）"),
}
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


def words_for(error: Any, node: dict[str, Any], comment: Text | None) -> tuple[Text, Text]:
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
